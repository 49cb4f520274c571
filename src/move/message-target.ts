import type { RawMessage } from '../record/message/message-block.ts'

export interface QueuePlace {
  readonly vhost: string
  readonly name: string
}

/** What became of messages that were handed over in order. */
export interface Stored {
  /** How many of them, from the first on, are in the queue and durable. */
  readonly count: number
  /** Why the next one is not, for now; undefined when all are. */
  readonly reason: string | undefined
}

/** Takes messages into queues as they were in another broker. */
export interface MessageTarget {
  /** Rejects with a `MoveError` when the queue is not there or can never take a message. */
  store(place: QueuePlace, messages: readonly RawMessage[]): Promise<Stored>
}
