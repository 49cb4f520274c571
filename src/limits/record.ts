// Limits of stored formats: what reading a message or a batch may take.
import { MiB } from './units.ts'

export const recordLimits = {
  /** Deeper tables serve only to exhaust the stack; real ones (x-death) have three levels. */
  fieldTableDepthMax: 64,
  /** What one batch may decompress to: a producer's batch is at most some megabytes. */
  decompressedSizeMax: (64 * MiB) as number,
  /** Records and headers of a produced batch that are looked at at once, in a few milliseconds. */
  checkedAtOnceWorkMax: 20_000,
} as const
