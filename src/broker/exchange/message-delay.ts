import type { LogCursor } from '../../log/log-cursor.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'

/** Messages of one log that are due from `start` to `end`, in milliseconds since the Unix epoch. */
export interface DelayedStretch {
  readonly cursor: LogCursor
  /** Both are infinite as long as nobody has looked at what an earlier process left. */
  readonly start: number
  readonly end: number
}

/** Where the messages of one exchange wait until they are due. */
export interface MessageDelay {
  /** Gone with the process. */
  readonly isVolatile: boolean
  /** Messages that wait. */
  readonly messageCount: number
  /**
   * Keeps a message whose headers ask for a delay; its body may already be among the commit's shared
   * ones. Within an atom.
   */
  publish(source: RecordSource, sharedPosition: number): void
  /** Where messages wait, in no order. */
  stretches(): Iterable<DelayedStretch>
  /**
   * A message of one of these does not wait any more: it goes on now if `record` has it, else it is gone. False
   * when it has left already. Within an atom.
   */
  end(cursor: LogCursor, offset: number, record: RecordView | undefined): boolean
  /** The exchange is deleted: what waits goes with it. */
  close(): void
}
