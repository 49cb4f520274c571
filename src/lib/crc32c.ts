import { crc32c as nativeCrc32c } from '@node-rs/crc32'

/** CRC-32C (Castagnoli) of `bytes`, continued from `previous` when given. Unsigned 32 bits. */
export function crc32c(bytes: Buffer, previous?: number): number {
  return nativeCrc32c(bytes, previous)
}
