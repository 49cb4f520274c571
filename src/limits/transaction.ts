// Limits of transactions (KIP-98, KIP-890).
import { MiB } from './units.ts'

export const transactionLimits = {
  /** Longest time that a producer may ask for [transaction.max.timeout.ms]. Readers of committed records wait for it. */
  timeoutMsMax: 900_000,
  /** How often transactions that last too long are looked for. */
  sweepMs: 1000,
  /** When markers could not be written, it is tried again after this time. */
  retryMs: 100,
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
  /** The same, of those that are known after a restart: they are written with each batch of the transaction. */
  rangesKeptMax: 16,
} as const
