// What the coordinator and other cells say to each other about transactions. All of it is JSON.
//
// A call may come twice, and late. Nothing is joined or ended by one that should not be: a join names the epoch of
// its producer, an end the epoch of its coordinator and how often that has told of one.
import type { TransactionErrorCode } from './transaction-error.ts'
import type {
  ProducerIdentity,
  TransactionalProducer,
  TransactionPart,
  TransactionVersion,
} from './transaction.ts'

/** A partition, as its leader names it. */
export interface NamedPart {
  readonly topicId: string
  readonly partition: number
}

/** May the producer write to these? With version 2 they become part of its transaction. */
export interface JoinAsked extends TransactionalProducer {
  readonly version: TransactionVersion
  readonly parts: readonly NamedPart[]
}

export interface JoinRefusal {
  readonly code: TransactionErrorCode
  readonly message: string
}

/** For each part, in their order: null where it may. That is durable. */
export type JoinOutcome = readonly (JoinRefusal | null)[]

export interface JoinAnswers {
  /** Of the store in which the coordinator is; it rises with each owner. */
  readonly coordinatorEpoch: number
  readonly outcomes: readonly JoinOutcome[]
}

/** How a transaction ends in the parts of one cell. */
export interface BranchEnd extends ProducerIdentity {
  readonly transactionalId: string
  readonly version: TransactionVersion
  readonly coordinatorEpoch: number
  /** Rises with each end that the coordinator tells of, and each time that it tells of one again. */
  readonly attempt: number
  readonly isCommit: boolean
  readonly parts: readonly TransactionPart[]
}

/** Somebody who is not its producer wants what it has open in a partition to end. */
export interface SettleAsked extends ProducerIdentity {
  readonly isCommit: boolean
}

export type SettleOutcome =
  /** The coordinator has ended it. */
  | 'ended'
  /** The coordinator knows of none: it hangs where it is. */
  | 'unknown'
  /** There is a newer producer. */
  | 'old_epoch'
  /** Only its producer may commit it. */
  | 'not_allowed'

export interface SettleAnswer {
  readonly coordinatorEpoch: number
  readonly outcome: SettleOutcome
}

/** How far is a producer's transaction in these? */
export interface LookAsked {
  readonly producerId: number
  readonly parts: readonly NamedPart[]
}

/** What its leader knows of a partition. */
export interface PartProgress {
  /** Of the first record of the transaction that is open there; null without one. */
  readonly firstOffset: number | null
  readonly lastStableOffset: number
  /** The high watermark. */
  readonly end: number
}
