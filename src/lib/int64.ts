// Signed 64-bit integers as numbers. Offsets, timestamps and ids in use are safe integers; what a
// peer sends beyond that is rounded, so it equals none of them, and cannot be mistaken.

const two32 = 0x1_0000_0000
const two63 = 2 ** 63
const int64Max = 0x7fff_ffff_ffff_ffffn
const int64Min = -0x8000_0000_0000_0000n

/** Reads 8 bytes, which must lie inside the buffer. Beyond ±2^53 the result is rounded. */
export function readInt64(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * two32 + buffer.readUInt32BE(position + 4)
}

/** Writes an integer as 8 bytes; beyond the signed 64 bits it is the nearest that fits. */
export function writeInt64(buffer: Buffer, position: number, value: number): void {
  if (Number.isSafeInteger(value)) {
    const high = Math.floor(value / two32)
    buffer.writeInt32BE(high, position)
    buffer.writeUInt32BE(value - high * two32, position + 4)
    return
  }
  const rounded = value >= two63 ? int64Max : value < -two63 ? int64Min : BigInt(value)
  buffer.writeBigInt64BE(rounded, position)
}
