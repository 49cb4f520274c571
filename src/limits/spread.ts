// Limits of what a cell does for topics whose partitions other cells lead: reading them here, and bringing messages
// there.
import { GiB, KiB, MiB } from './units.ts'

export const spreadLimits = {
  /** One read from another cell, as one of a stream consumer from the disk; a larger run comes alone. */
  readSizeMax: (256 * KiB) as number,
  /** Reads from one other cell at a time: each has its bytes in memory until its readers have them. */
  readsMax: 32,
  /** Runs that readers pass over (markers, aborted batches) in one call: then the call answers where it is. */
  readsPerCallMax: 16,
  /** What was read from other cells lately is kept for other readers at the same place: all partitions together. */
  keptRunsSizeMax: (32 * MiB) as number,
  /** The same of one partition: readers that are at different places need a stretch each. */
  keptStretchesMax: 4,
  /** Partitions of one cell that are followed in one call: about 100 bytes each. */
  watchedPerCallMax: 10_000,
  /** A call that follows is answered without news then, so that both sides know that the other one is there. */
  watchMs: 5000,
  /** Markers and aborted batches of a partition that an answer tells of: a queue that is not told counts them for a while. */
  hiddenToldMax: 1000,
  /** Between two answers of following: news of that time come together. */
  watchPauseMs: 20,
  /** A partition is followed for so long after somebody has waited for its records. */
  wantedMs: 120_000,
  /** Whoever begins to read at the end has to know it: a cell that does not say so by then is away. */
  endsMs: 5000,
  /** Whoever reads records is told then that their leader is away: the largest ones take a while. */
  readMs: 15_000,
  /** A call that failed is tried again after that: first, and at most. */
  retryMsMin: 100,
  retryMsMax: 2000,
  /** A call that is not answered by then is asked again: longer than a commit that waits for a standby. */
  callMs: 15_000,
  /** A cell that has not answered for so long is told of: a takeover takes less. */
  awayMs: 15_000,
  /** How often other cells are told what queues with a source still need of their partitions. */
  holdsMs: 5000,
  /** Whoever declares a queue with a source has it made by then. */
  claimMs: 60_000,
  /** Messages that are on their way to other cells, in bytes: publishers wait while there are more. */
  transitSizeMax: (1 * GiB) as number,
  /** They go on when so much is left. */
  transitSizeLow: (768 * MiB) as number,
  /** One call brings so many bytes of messages, and a larger message alone. */
  sendSizeMax: (1 * MiB) as number,
  /** Partitions that one call brings messages for. */
  sendPartsMax: 1000,
  /** Calls to one cell at the same time; a partition is in one of them. */
  sendsMax: 4,
} as const
