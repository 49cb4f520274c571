// What a subscription asks for. The same filter again replaces it.
import type { Qos } from '../../record/message/published-topic.ts'

/** MQTT 5 §3.8.3.1. */
export interface SubscriptionOptions {
  /** At most. */
  readonly qos: Qos
  /** The session's own messages do not come back. */
  readonly noLocal: boolean
  /** Messages show whether they were published to be retained. */
  readonly retainAsPublished: boolean
  /** Retained messages come: 0 always, 1 for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2
  /** The client's number of it; undefined for none. */
  readonly id?: number | undefined
}
