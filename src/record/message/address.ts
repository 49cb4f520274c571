// A message's address as it is stored: exchange and routing key, each as one length byte and its
// bytes. It is the form in which AMQP sends them, so they go from wire to log and back as they are.
import { bytesOfName, nameFromBytes } from './name-bytes.ts'

/** Throws a RangeError when one of the two has more than 255 bytes. */
export function encodeAddress(exchange: string, routingKey: string): Buffer {
  const [exchangeName, key] = [bytesOfName(exchange), bytesOfName(routingKey)]
  const exchangeSize = Buffer.byteLength(exchangeName)
  const address = Buffer.allocUnsafe(2 + exchangeSize + Buffer.byteLength(key))
  address.writeUInt8(exchangeSize, 0)
  put(address, exchangeName, 1)
  address.writeUInt8(address.length - 2 - exchangeSize, 1 + exchangeSize)
  put(address, key, 2 + exchangeSize)
  return address
}

function put(address: Buffer, name: string | Buffer, start: number): void {
  if (typeof name === 'string') address.write(name, start)
  else address.set(name, start)
}

export interface Address {
  readonly exchange: string
  readonly routingKey: string
}

/**
 * Reads the address that starts at `start`. Bytes that are not UTF-8 become text that no other
 * sequence of bytes, and so no name and no binding, has.
 */
export function decodeAddress(bytes: Buffer, start: number): Address {
  const exchangeEnd = start + 1 + bytes[start]!
  const keyEnd = exchangeEnd + 1 + bytes[exchangeEnd]!
  return {
    exchange: nameFromBytes(bytes, start + 1, exchangeEnd),
    routingKey: nameFromBytes(bytes, exchangeEnd + 1, keyEnd),
  }
}

/** Size of the address that starts at `start`; -1 when it runs past `end`. */
export function addressSizeAt(bytes: Buffer, start: number, end: number): number {
  const keyStart = start + 1 + (bytes[start] ?? 255)
  if (keyStart >= end) return -1
  const size = keyStart + 1 + bytes[keyStart]! - start
  return start + size > end ? -1 : size
}
