// What lists show of the channels and consumers of a client, whatever it speaks: as they are at that moment.
import type { FieldTable } from '../../record/message/field-table.ts'
import type { ClientCounters } from '../counters/client-counters.ts'

export interface ConsumerInfo {
  readonly tag: string
  readonly queueName: string
  readonly isNoAck: boolean
  readonly isExclusive: boolean
  /** False while it waits for the one active consumer of its queue to go. */
  readonly isActive: boolean
  /** Unacked deliveries it may have; 0 for as many as its channel takes. */
  readonly prefetch: number
  /** How long a delivery to it may stay unacked, in milliseconds; Infinity for ever. */
  readonly ackTimeoutMs: number
  readonly arguments: FieldTable
  /** What happened to its deliveries; undefined where nobody counts that. */
  readonly counted: CountedConsumer | undefined
  /** Ends it, and its client is told; what it has unacked stays with it. Undefined where the client would not understand. */
  readonly cancel: (() => void) | undefined
}

/** A consumer, for those who only count. */
export interface CountedConsumer {
  readonly unackedCount: number
  /** Since it came, and so is the next. */
  readonly deliveredCount: number
  /** Deliveries that were acked, rejected or given back. */
  readonly settledCount: number
}

export interface ChannelInfo {
  readonly number: number
  readonly isOpen: boolean
  /** Of consumers to come; 0 for no limit. */
  readonly prefetch: number
  /** Of all its consumers together; 0 for no limit. */
  readonly sharedPrefetch: number
  readonly unackedCount: number
  /** Since when the oldest of them is unacked, by the monotonic clock; undefined where nobody looked yet. */
  readonly unackedSince: number | undefined
  readonly hasConfirms: boolean
  readonly unconfirmedCount: number
  readonly hasTransactions: boolean
  /** Messages and acks that wait for a commit. */
  readonly uncommittedMessages: number
  readonly uncommittedAcks: number
  readonly counters: ClientCounters
  readonly consumers: readonly ConsumerInfo[]
}
