// The connection of a session, as the session sees it.
import type { Qos } from '../../record/message/published-topic.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { ConsumedCounts } from '../counters/consumed-counts.ts'
import type { DirectMessage } from '../exchange/topic-subscriber.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { WithParty } from '../trace/party.ts'

/** How one message goes out. */
export interface DeliveryFacts {
  /** What it is delivered with. */
  readonly qos: Qos
  /** It is from the retained messages, or its subscription asks to be shown that it was published as one. */
  readonly isRetained: boolean
  /** The client's numbers of all subscriptions that it matches. */
  readonly subscriptionIds: readonly number[]
}

/** A message of a queue on its way to a client. The record is good only during the call. */
export interface SessionDelivery extends DeliveryFacts {
  readonly record: RecordView
  /** 0 for QoS 0. */
  readonly packetId: number
  /** It may have been sent before. */
  readonly isDuplicate: boolean
}

/** Why a session lets its connection go. */
export type SessionEnd =
  /** Another connection has the session. */
  | 'taken-over'
  /** Somebody has deleted the session, its queue or its virtual host. */
  | 'deleted'
  /** Somebody has ended the connection; the session is there still. */
  | 'disconnected'

export interface SessionClient extends WithParty {
  /** Where what it gets from queues of a type is counted by what it speaks. */
  countsOf(type: QueueType): ConsumedCounts
  /** Whether one more message fits its output. When it does again, it calls `Session.resume`. */
  canTake(): boolean
  /** Puts a message on its way; false when it is too large for the client, which is as if it were delivered. */
  deliver(delivery: SessionDelivery): boolean
  /** The same for a message of QoS 0 that comes past all queues; it is dropped when the output has no room. */
  deliverDirectly(message: DirectMessage, facts: DeliveryFacts): void
  /** A retained message for a subscription of QoS 0. False when there is no room: it is offered again by `resume`. */
  deliverRetained(record: RecordView, facts: DeliveryFacts): boolean
  /** Asks the client to release the id of a message of QoS 2 (PUBREL). */
  release(packetId: number): void
  /** The session has nothing to do with it any more. */
  onEnded(reason: SessionEnd): void
}
