// Limits of the disk of a cluster: rows of open files, reads of what is not on this machine.
import { GiB, KiB, MiB } from './units.ts'

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
  /** How often a node asks whether its PostgreSQL has a standby. */
  standbyCheckMs: 60_000,
  /** What fails with objects is said so often. */
  noticeMs: 10_000,
  /** A start reads an open file so many bytes at a time. */
  rowsReadSize: (4 * MiB) as number,
}

/** Of requests by HTTP that another node answers. */
export const clusterHttpLimits = {
  /** Ids of connections of a node: numbers of JSON are exact for thousands of nodes. */
  idsPerNode: 1_000_000_000_000,
  /** A request waits so long for somebody to have the cell: a takeover after a crash takes 5 to 10 s. */
  ownerMs: 10_000,
  /** How often it looks, where nothing says that it is time. */
  ownerCheckMs: 100,
  /** Who is told that nobody has the cell is to come again then. */
  retrySeconds: 5,
  /** A list names cells whose answer has not begun by then, and goes on without them. */
  gatherMs: 3000,
  /** An answer that is put together with others: what is larger has no page and is a list. */
  partSizeMax: (16 * MiB) as number,
  /** How often nodes ask each other for the channels of users that have a limit of them. */
  usageLookMs: 1000,
  /** A link that nobody asks by is closed after that. */
  idleLinkMs: 30_000,
  /** Idle links to one node that are kept. */
  idleLinksMax: 8,
  /** The header in which a node says for whom it asks: names and tags of a user. */
  linkHeaderSizeMax: (64 * KiB) as number,
} as const
