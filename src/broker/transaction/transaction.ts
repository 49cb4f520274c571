// One transactional id: who may use it, and how far its transaction has come (KIP-98, KIP-890).
//
// States: Empty → Ongoing → PrepareCommit → CompleteCommit → Ongoing …, the same with Abort. What is decided is
// durable as Prepare before any marker is written; Complete says that all markers are durable.

import type { Ticket } from '../../log/ticket.ts'

/** As Kafka's tools call them. */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

/**
 * What the client knows of. 1: its epoch stays, and it adds partitions before it writes to them. 2 (KIP-890):
 * each end raises the epoch, and a write adds its partition.
 */
export type TransactionVersion = 1 | 2

/** A partition that a transaction writes to. */
export interface TransactionPart {
  readonly topic: string
  readonly partition: number
  /** Of its log in the cell of the coordinator, where that of a partition elsewhere has a copy at most. */
  readonly logId: number
  /** Left out where the cell of the coordinator has it. */
  readonly elsewhere?: PartElsewhere | undefined
}

/** Where a partition is that another cell has. */
export interface PartElsewhere {
  readonly cell: number
  /** 22 characters of base64url: another topic of the same name has another one. */
  readonly topicId: string
}

/** One name for each part, also once its topic is deleted and made anew. */
export function partKey({ topic, partition, logId, elsewhere }: TransactionPart): string {
  if (elsewhere === undefined) return `${logId}/${partition}/${topic}`
  return partKeyElsewhere(elsewhere.topicId, partition)
}

/** Of a partition that another cell has; whoever asks knows no log of the coordinator's cell. */
export function partKeyElsewhere(topicId: string, partition: number): string {
  return `${topicId}/${partition}`
}

/** Whom requests are from. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

/** A producer that says which transactional id it has. */
export interface TransactionalProducer extends ProducerIdentity {
  readonly transactionalId: string
}

/** Producer ids and epochs count from 0. */
export const noProducer: ProducerIdentity = { producerId: -1, epoch: -1 }
/** The largest epoch that a client may have; one more is left to fence it. */
export const epochMax = 32_766

export class Transaction {
  readonly id: string
  producerId: number
  epoch = -1
  /** Before its epochs were used up; -1 for none. */
  previousProducerId = -1
  /** The client's, before the last end or the last InitProducerId; -1 when nobody may come back with it. */
  lastEpoch = -1
  /** The one after this transaction, when the epochs of `producerId` are used up; -1 otherwise. */
  nextProducerId = -1
  timeoutMs = 0
  state: TransactionState = 'Empty'
  version: TransactionVersion = 2
  /** By `partKey`. */
  readonly parts: Map<string, TransactionPart> = new Map()
  /** Groups whose offsets it commits. */
  readonly groups: Set<string> = new Set()
  /** When it began, milliseconds since the Unix epoch; -1 before. */
  startedMs = -1
  updatedMs = 0
  /** How many producers have begun with it in this process: whoever joined an earlier one is fenced. */
  generation = 0
  /** When what it is by now is durable; undefined: it is. */
  kept: Ticket | undefined
  /** Settled when the markers of what is being ended are durable. */
  ending: Promise<void> | undefined

  constructor(id: string, producerId: number) {
    this.id = id
    this.producerId = producerId
  }

  get isPrepared(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort'
  }

  get isEpochExhausted(): boolean {
    return this.epoch >= epochMax
  }

  get identity(): ProducerIdentity {
    return { producerId: this.producerId, epoch: this.epoch }
  }

  /** How its producer goes on once what is prepared is over. */
  get nextIdentity(): ProducerIdentity {
    const { nextProducerId } = this
    return nextProducerId < 0 ? this.identity : { producerId: nextProducerId, epoch: 0 }
  }

  /** Its producer has been told to go on so, and what was before is not over yet. */
  isNext({ producerId }: ProducerIdentity): boolean {
    return producerId === this.nextProducerId && producerId >= 0
  }

  /** Decides it. A client of version 2 has another epoch from now on, and so has whoever is fenced. */
  prepare(isCommit: boolean, version: TransactionVersion, nowMs: number): void {
    if (this.state !== 'Ongoing') this.startedMs = nowMs
    this.state = isCommit ? 'PrepareCommit' : 'PrepareAbort'
    this.version = version
    this.updatedMs = nowMs
    if (version === 1) return
    this.lastEpoch = this.epoch
    this.epoch++
  }

  /** All markers are written. */
  complete(nowMs: number): void {
    this.state = this.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort'
    this.updatedMs = nowMs
    this.parts.clear()
    this.groups.clear()
    if (this.nextProducerId < 0) return
    this.previousProducerId = this.producerId
    const { producerId, epoch } = this.nextIdentity
    this.producerId = producerId
    this.epoch = epoch
    this.nextProducerId = -1
  }

  /** Its producer begins anew, with an epoch that fences the one before. */
  renew(identity: ProducerIdentity, lastEpoch: number, timeoutMs: number): void {
    if (identity.producerId !== this.producerId) this.previousProducerId = this.producerId
    this.producerId = identity.producerId
    this.epoch = identity.epoch
    this.lastEpoch = lastEpoch
    this.timeoutMs = timeoutMs
    this.state = 'Empty'
    this.startedMs = -1
    this.generation++
  }

  /** It begins, or goes on. */
  join(version: TransactionVersion, nowMs: number): void {
    if (this.state !== 'Ongoing') {
      this.startedMs = nowMs
      this.state = 'Ongoing'
    }
    this.version = version
    this.updatedMs = nowMs
  }
}
