// Where the broker tells what it does with messages, as long as somebody wants to know. Nobody does as a
// rule, and then it costs a look at a field.
import type { Log } from '../../log/log.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import type { Party, WithParty } from './party.ts'

/** A queue or topic, as far as it takes to say where a message is. */
export interface WatchedStream {
  readonly vhost: string
  readonly name: string
  /** Of a queue: its logs, by index in places (see `message-place.ts`). */
  readonly parts?: readonly { readonly cursor: { readonly log: Log } }[]
  /** Of a topic. */
  readonly partitions?: readonly { readonly log: Log }[]
  /** Of a queue: what its messages come from as well. */
  readonly source?: object | undefined
}

/** A client publishes into a virtual host. */
export interface ClientCause {
  readonly kind: 'client'
  readonly vhost: string
  readonly client: WithParty
}

/** Why a message is put into queues. */
export type PublishCause =
  | ClientCause
  | { readonly kind: 'death'; readonly from: WatchedStream; readonly place: number }
  | { readonly kind: 'delay_over'; readonly vhost: string }
  | { readonly kind: 'job'; readonly from: WatchedStream; readonly place: number }
  | { readonly kind: 'transaction'; readonly vhost: string }
  | { readonly kind: 'history'; readonly vhost: string }

/** Where a message is about to go. */
export interface WatchedRoute {
  readonly queues: readonly object[]
  /** Where it waits first. */
  readonly delays: readonly object[]
  /** What exchanges that deduplicate know of it. */
  readonly idNotes: readonly { readonly isRepeat: boolean }[] | undefined
}

/** How somebody gets a message. */
export interface Handover {
  readonly kind: 'delivered' | 'got'
  readonly to: WithParty
  readonly isRedelivered: boolean
  readonly isNoAck: boolean
}

/** Records of one log, in a row. */
export interface RecordRange {
  readonly stream: WatchedStream
  readonly log: Log
  /** Of `stream`, as Kafka counts. */
  readonly partition: number
  readonly first: number
  readonly last: number
}

/** Told of one message that is followed, while it is put into queues. */
export interface MessageTrail {
  /** `put` puts the message into this queue or topic. */
  onPut(into: WatchedStream, put: () => void): void
  /** This queue was full. */
  onRefused(by: WatchedStream): void
  /** It waits at an exchange that delays. */
  onDelayed(): void
  /** All of it has been put. */
  onTicket(ticket: Ticket | undefined): void
}

/** Told of all messages. In `place` stands what is in `RecordView.offset` for those that take messages. */
export interface MessageObserver {
  /** A message is about to be put where its route leads; undefined: it is not followed. */
  onPublish(
    source: RecordSource,
    route: WatchedRoute,
    cause: PublishCause,
  ): MessageTrail | undefined
  /** An answer to a direct request went to its client, or nowhere. */
  onAnswer(source: RecordSource, from: ClientCause, isRouted: boolean): void
  /** A batch of Kafka was stored, whose records nobody has looked at. */
  onBatch(range: RecordRange, party: Party, ticket: Ticket | undefined): void
  /** The transaction that has these records ends. */
  onDecided(
    place: Pick<RecordRange, 'stream' | 'log'>,
    ranges: readonly Pick<RecordRange, 'first' | 'last'>[],
    isCommit: boolean,
  ): void
  onHandover(from: WatchedStream, view: RecordView, handover: Handover): void
  /** A client of Kafka was sent these records. */
  onFetched(range: RecordRange, party: Party): void
  /** The group goes on at this offset. */
  onCommitted(vhost: string, group: string, at: GroupPlace): void
  onSettled(queue: WatchedStream, place: number, reason: SettleReason): void
  /** A message ends by itself or by a consumer's will; `isDropped`: without a dead-letter exchange. */
  onDeath(queue: WatchedStream, place: number, reason: DeathReason, isDropped: boolean): void
  /** No queue takes the dead message: it is dropped, or its queue keeps it. */
  onDeathUnroutable(queue: WatchedStream, place: number, isDropped: boolean): void
  /** A job deletes a message. */
  onDeleted(queue: WatchedStream, log: Log, offset: number): void
  /** What is ready in it is about to be dropped. */
  onPurge(queue: WatchedStream): void
}

export interface GroupPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** One for each broker. */
export class MessageWatch {
  /** Undefined: nobody wants to know. */
  observer: MessageObserver | undefined = undefined
}
