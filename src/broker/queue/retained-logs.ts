// What makes a queue replayable: a second cursor in each of its logs, which acks what is past its retention
// and nothing else. A log keeps what any of its cursors has not acked, so acked messages stay until then.
import { type LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import { copyAcks } from './copy-acks.ts'

export class RetainedLogs {
  /** What retention has passed in each log, in the order of the queue's logs. */
  readonly cursors: LogCursor[]

  constructor(cursors: LogCursor[]) {
    this.cursors = cursors
  }

  /** Keeps from now on what a queue with these cursors acks. Within an atom. */
  static begin(store: LogStore, queueCursors: readonly LogCursor[]): RetainedLogs {
    const cursors = queueCursors.map((own) => {
      const cursor = store.createCursor(own.log, own.floor)
      // What was acked before is not kept for certain.
      copyAcks(own, cursor, 0, Infinity)
      return cursor
    })
    return new RetainedLogs(cursors)
  }

  /** The queue has one more log, which is empty. Within an atom. */
  addLog(store: LogStore, { log }: LogCursor): void {
    this.cursors.push(store.createCursor(log))
  }

  /** Keeps nothing any more. Within an atom. */
  end(store: LogStore): void {
    for (const cursor of this.cursors) store.deleteCursor(cursor)
  }
}
