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
  /** Between the moments at which nodes end clients of Kafka because of cells that they give away: these reconnect in less. */
  leavingTurnMs: 1000,
  /** Of more nodes some do so at the same time. */
  leavingTurnsMax: 5,
  /**
   * A node that has gone is still among the brokers that Kafka's clients are told of: a restart takes less, and so does
   * a takeover of the home with the next transaction of a client that works.
   */
  lateBrokerMs: 30_000,
  /** How often a node asks whether its PostgreSQL has a standby. */
  standbyCheckMs: 60_000,
  /** What fails with objects is said so often. */
  noticeMs: 10_000,
  /** A start reads an open file so many bytes at a time. */
  rowsReadSize: (4 * MiB) as number,
  /** A directory of up to so many bytes (60 logs) stands beside its file's name: ten thousand take 40 MiB at most. */
  keptTailSizeMax: (4 * KiB) as number,
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
  /** What a node asks the owner of a cell is answered by then: longer than a commit that waits for a standby. */
  callMs: 5000,
  /** Bytes of such a question, and of its answer: a page of records with the largest message that may be allowed. */
  callSizeMax: (520 * MiB) as number,
  /** A cell that follows the topics of another one hears of them at least so often, and tells where its own end. */
  topicsFollowMs: 5000,
  /** Whoever makes a topic waits so long for the cells that get partitions of it. */
  topicsSettledMsMax: 3000,
  /** How often a cell tells the home what was produced to its partitions: rates are of so long. */
  countsTellMs: 2500,
  /** A home that cannot be asked is asked again after this. */
  topicsRetryMs: 500,
  /** Topics that a cell makes parts of in one turn. */
  topicsAtOnce: 50,
  /** Changes of topics that are remembered: who has missed more gets all topics. */
  topicChangesMax: 10_000,
  /** A link that nobody asks by is closed after that. */
  idleLinkMs: 30_000,
  /** Idle links to one node that are kept. */
  idleLinksMax: 8,
  /** The header in which a node says for whom it asks: names and tags of a user. */
  linkHeaderSizeMax: (64 * KiB) as number,
} as const
