import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import type { StompDestination } from './destination.ts'

/** `auto`: nothing is acked; `client`: an ACK is for everything before it as well. */
export type AckMode = 'auto' | 'client' | 'client-individual'

/** What SUBSCRIBE asks for, as far as its consumer needs it. */
export interface SubscriptionAsked {
  /** RabbitMQ's: `T_` and the id, or `Q_` and the destination. */
  readonly tag: string
  /** Undefined where only the destination names it, which 1.0 allows. */
  readonly id: string | undefined
  /** As RabbitMQ's texts name it. */
  readonly description: string
  readonly destination: StompDestination
  readonly queueName: string
  readonly ackMode: AckMode
  readonly prefetch: number
}

/** What SUBSCRIBE has made, by its tag. */
export interface Subscription {
  readonly asked: SubscriptionAsked
  /** What lists show of it; undefined as long as its queue has not taken it. */
  readonly info: ConsumerInfo | undefined
  /** Delivers what it may have by now, before its client ends it. */
  deliverReady(): void
  /** The client, or the end of its connection, ends it. */
  cancel(): void
}
