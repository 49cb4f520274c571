// A message's address as it is stored: exchange and routing key, each as one length byte and its
// bytes. It is the form in which AMQP sends them, so they go from wire to log and back as they are.
import { isUtf8 } from 'node:buffer'

/** Throws a RangeError when one of the two has more than 255 bytes. */
export function encodeAddress(exchange: string, routingKey: string): Buffer {
  const exchangeSize = Buffer.byteLength(exchange)
  const address = Buffer.allocUnsafe(2 + exchangeSize + Buffer.byteLength(routingKey))
  address.writeUInt8(exchangeSize, 0)
  address.write(exchange, 1)
  address.writeUInt8(address.length - 2 - exchangeSize, 1 + exchangeSize)
  address.write(routingKey, 2 + exchangeSize)
  return address
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
    exchange: decodeText(bytes, start + 1, exchangeEnd),
    routingKey: decodeText(bytes, exchangeEnd + 1, keyEnd),
  }
}

function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  if (!text.includes('\ufffd') || isUtf8(bytes.subarray(start, end))) return text
  return bytes.toString('latin1', start, end).replaceAll(/[\x80-\xff]/g, toLoneSurrogate)
}

/** Half of a surrogate pair, which decoding UTF-8 never gives. */
function toLoneSurrogate(byte: string): string {
  return String.fromCharCode(0xdc00 + byte.charCodeAt(0))
}

/** Size of the address that starts at `start`; -1 when it runs past `end`. */
export function addressSizeAt(bytes: Buffer, start: number, end: number): number {
  const keyStart = start + 1 + (bytes[start] ?? 255)
  if (keyStart >= end) return -1
  const size = keyStart + 1 + bytes[keyStart]! - start
  return start + size > end ? -1 : size
}
