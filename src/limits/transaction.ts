// Limits of transactions (KIP-98, KIP-890).
import { KiB, MiB } from './units.ts'

export const transactionLimits = {
  /** Longest time that a producer may ask for [transaction.max.timeout.ms]. Readers of committed records wait for it. */
  timeoutMsMax: 900_000,
  /** How often transactions that last too long are looked for. */
  sweepMs: 1000,
  /** When markers could not be written, it is tried again after this time. */
  retryMs: 100,
  /** The same of a cell that nobody answers for, which gets its next node within seconds. */
  endRetryMs: 250,
  /** An end whose markers wait for another cell is answered after this time, and goes on: half of what clients wait. */
  endAnswerMsMax: 10_000,
  /** Transactions and partitions that nodes tell each other of with one call: some hundred bytes each. */
  partsPerCall: 5000 as number,
  /** Calls in which a cell asks the coordinator that are under way at the same time. */
  joinCallsMax: 4,
  /** The coordinator has answered by then, or the batch is refused and comes again: less than producers wait for it. */
  callMsMax: 8000,
  /** Whoever shows a transaction waits so long for those who lead its partitions: people wait for it. */
  lookMsMax: 2000,
  /** Producers whose last end a cell knows, so that one that comes late ends nothing that has begun since. */
  endsRememberedMax: 20_000 as number,
  /** How long a transactional id without a transaction is known [transactional.id.expiration.ms]. */
  idExpirationMs: 604_800_000,
  /** Transactional ids: each is keyed state, which comes back at a start. */
  idsMax: 100_000 as number,
  /** Length of a transactional id in UTF-16 units: it is part of a key. */
  idLengthMax: 1024,
  /** Partitions of one transaction: their markers are one atom. */
  partitionsMax: 5000 as number,
  /** Groups of one transaction, as well. */
  groupsMax: 100,
  /** Messages and acks of AMQP that one tx.commit hands over to a transaction, in bytes: one entry of keyed state. */
  heldSizeMax: (4 * MiB) as number,
  /** The same of all open transactions: it is in memory, too. */
  heldSumMax: (64 * MiB) as number,
  /** Aborted transactions that a partition knows, until retention has passed them: 32 bytes each. */
  abortedPerPartitionMax: 200_000,
  /** Aborted transactions in one entry of keyed state, which is written with each of them. */
  abortedPerChunk: 64,
  /** Separate ranges of records of one open transaction in one partition: beyond it queues find aborted ones when they come to them. */
  rangesMax: 4096,
  /** What is read after a start to find records of transactions that were open, for each partition with a queue. */
  restoredReadSizeMax: (64 * MiB) as number,
  /** So much of it at once. */
  restoredReadSize: (256 * KiB) as number,
} as const
