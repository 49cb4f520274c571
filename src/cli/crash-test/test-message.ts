// A message that says which one it is, and by which it can be seen that all of it came.
import { crc32 } from 'node:zlib'

const headSize = 12

/** `size` is at least 12 bytes: number, size and checksum, and a pattern. */
export function makeMessage(number: number, size: number): Buffer {
  const body = Buffer.alloc(size, number & 0xff)
  body.writeUInt32BE(number, 0)
  body.writeUInt32BE(size, 4)
  body.writeUInt32BE(checksumOf(body), 8)
  return body
}

/** The number, or undefined for what was not made so. */
export function readMessage(body: Buffer): number | undefined {
  if (body.length < headSize || body.readUInt32BE(4) !== body.length) return undefined
  return body.readUInt32BE(8) === checksumOf(body) ? body.readUInt32BE(0) : undefined
}

/** Of all but itself. */
function checksumOf(body: Buffer): number {
  return crc32(body.subarray(headSize), crc32(body.subarray(0, 8)))
}
