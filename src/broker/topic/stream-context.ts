// What all readers of streams share.
import type { Turn } from '../../lib/turn.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { MessageWatch } from '../trace/message-watch.ts'
import type { ConsumerOffsets } from './consumer-offsets.ts'
import type { Topic } from './topic.ts'

/** Whether a reader wants a record. The view is valid only during the call. */
export type RecordFilter = (record: RecordView) => boolean

export interface StreamContext {
  readonly watch: MessageWatch
  readonly store: LogStore
  readonly turn: Turn
  readonly offsets: ConsumerOffsets
  /** Records at `offset` could not be read. */
  onDamaged(topic: Topic, offset: number, error: Error): void
}
