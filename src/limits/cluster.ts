// Limits of the disk of a cluster: rows of open files, reads of what is not on this machine.
import { GiB, MiB } from './units.ts'

export const clusterLimits = {
  /**
   * Bytes of one cell that are rows and no objects yet. What the database holds stays small, and a cell whose
   * objects cannot be stored goes on for a while: publishers wait when little is left of it.
   */
  unsealedSizeMax: (1 * GiB) as number,
  /** Cells that a node opens at the same time: more make each other slow, and clients wait for the first. */
  opensAtOnceMax: 3,
  /** A change of what the cluster shares, such as a user, is tried again after so long. */
  sharedRetryMs: 500,
  /** Between two looks for objects that nobody names. */
  sweepIntervalMs: 3_600_000,
  /** What fails with objects is said so often. */
  noticeMs: 10_000,
  /** A start reads an open file so many bytes at a time. */
  rowsReadSize: (4 * MiB) as number,
}
