// Limits of moves from other brokers.
import { MiB } from './units.ts'

export const moveLimits = {
  /** Of messages or batches that are handed over together: it is in memory twice. */
  chunkSizeMax: (1 * MiB) as number,
  /** Messages that are handed over together. */
  chunkCountMax: 500,
  /** Chunks that are out at the source and not acked, so that it never waits for what is on its way. All of them may come twice after a crash. */
  prefetchChunks: 2,
  /** A chunk of one: the largest message that RabbitMQ 3 takes (128 MiB), its header and its address. */
  requestSizeMax: (129 * MiB) as number,
  /** Queues or topics that are moved at the same time: each has what was fetched for it in memory. */
  atOnceMax: 8,
  /** Queues, or topics, of one command: each has a line in the report. */
  namesMax: 10_000,
  /** How often the source is asked whether anything has come. */
  idleMs: 250,
  /** A queue with ready messages gives the first of them sooner, unless it gives none at all. */
  firstMessageMsMax: 15_000,
  /** How often a target that takes nothing now is asked again. */
  retryMs: 1000,
  /** Progress is written so often to a terminal, and so often elsewhere. */
  progressMs: 1000,
  progressLineMs: 30_000,
  /** Empty batches that stand for offsets without records, in one request: of 61 bytes for two thousand million. */
  gapBatchesMax: 1000,
} as const
