// What a queue with a source (the argument `x-source`) knows of the topic that it takes its messages from.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Log } from '../../log/log.ts'

/** A partition of it. */
export interface SourcePartition {
  readonly log: Log
  /** What it has acked is not shown to readers of the topic: retention has passed it, or it was deleted. */
  readonly cursor: LogCursor
  /** Calls back whenever records become durable, and when the partition is gone. */
  addListener(listener: () => void): void
  removeListener(listener: () => void): void
}

/** A queue that takes its messages from a topic, as the topic knows it. */
export interface Subscription {
  /** The topic has more partitions than before. */
  onPartitionsAdded(): void
}

/** The topic. */
export interface MessageSource<S extends Subscription> {
  readonly name: string
  readonly partitions: readonly SourcePartition[]
  readonly subscriptions: Set<S>
}

/** Where a queue is in its source: `cursors` has one for each partition. */
export interface SourcePlace<S extends Subscription> {
  readonly topic: MessageSource<S>
  readonly cursors: readonly LogCursor[]
}
