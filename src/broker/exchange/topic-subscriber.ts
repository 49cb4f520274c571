// Who gets messages of an exchange by topic filters instead of bindings, as MQTT's sessions do: into a queue, which is
// a target like others, or at once and past all queues.
import type { RecordSource } from '../../record/message/record-source.ts'

/** A message that goes to several subscribers. */
export interface DirectMessage {
  readonly source: RecordSource
  /** For the subscribers of one message: what one of them has made of it, and the next can use. */
  shared: unknown
}

/** Takes messages as they come, or drops them. */
export interface TopicSubscriber {
  /** The message is good only during the call. */
  takeDirectly(message: DirectMessage): void
}
