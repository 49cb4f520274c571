import { crc32c as nativeCrc32c } from '@node-rs/crc32'
import type { Clock } from './clock.ts'

/** How a checksum is taken without keeping others waiting. */
export interface CrcSteps {
  readonly clock: Clock
  /** Bytes that are looked at in a turn of the event loop. */
  readonly sizePerTurn: number
}

/** As `crc32c`, at once where that is one step, else a step a turn. The bytes must not change meanwhile. */
export function crc32cInSteps(bytes: Buffer, steps: CrcSteps): number | Promise<number> {
  const { clock, sizePerTurn } = steps
  if (bytes.length <= sizePerTurn) return crc32c(bytes)
  return new Promise((resolve) => {
    const goOn = (start: number, previous: number | undefined): void => {
      const end = start + sizePerTurn
      const crc = crc32c(bytes.subarray(start, end), previous)
      if (end >= bytes.length) resolve(crc)
      else clock.atEndOfTurn(() => goOn(end, crc))
    }
    goOn(0, undefined)
  })
}

/** CRC-32C (Castagnoli) of `bytes`, continued from `previous` when given. Unsigned 32 bits. */
export function crc32c(bytes: Buffer, previous?: number): number {
  return nativeCrc32c(bytes, previous)
}
