// Limits of the topology view.
import { KiB, MiB } from './units.ts'

export const metaLimits = {
  /** A broker that was just killed may need a moment to be gone. */
  dataLockWaitMs: 1000,
  /** Log entries in one transaction of the view: one flush for many, yet not a long one. */
  topologyBatchMax: 10_000,
  /** The same in bytes: as much is in memory three times while it is written. */
  topologyBatchSizeMax: (1 * MiB) as number,
  /** The same where the view is brought up or made again: each is made in a turn. */
  viewBatchSize: (128 * KiB) as number,
  /** Looking at the view's rows takes so much of a turn. */
  viewSliceMs: 2,
  /** The view's thread takes 50 MB; it goes when nothing was declared for so long. */
  topologyWriterIdleMs: 5000,
  /** Declarations wait when more entries than this are not in the view yet. */
  topologyPendingMax: 100_000,
  /** After a failed write of the view, which usually means a full disk. */
  topologyRetryMs: 1000,
} as const
