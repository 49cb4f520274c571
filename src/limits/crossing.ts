// Limits of crossing: messages as Kafka batches and batches as messages.
import { KiB, MiB } from './units.ts'

export const crossingLimits = {
  /** Decoded at once, in some 5 ms; a batch that is or becomes larger goes to a thread of its own. */
  decodedAtOnceSizeMax: (1 * MiB) as number,
  /** Records and headers of a batch that are converted at once, in some 5 ms; the thread does others. */
  crossedAtOnceWorkMax: 2000,
  /** What the thread converts at a time; the next part is made while this one is delivered. */
  crossedPartSizeMax: (512 * KiB) as number,
  crossedPartWorkMax: 8192,
  /** Offsets of a large batch that one part without settled records stands for: 2 ms to look them up. */
  filteredOffsetsMax: 65_536,
  /** A batch on its way to the thread is copied in steps of this size, of some 0.7 ms. */
  copiedPerTurnMax: (1 * MiB) as number,
  /** That thread takes 20 MB, and what it has open, while it waits for the next large batch. */
  batchThreadIdleMs: 30_000,
  /** Converted runs that are kept for the next reader; one of them stays whatever its size. */
  crossedRunsSizeMax: (32 * MiB) as number,
  /** A content header is one frame, which clients limit to 128 KiB; streams add headers of their own. */
  crossedHeaderSizeMax: (120 * KiB) as number,
} as const
