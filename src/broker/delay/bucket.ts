// One bucket: messages that are due within a stretch of time, in a log of their own.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Log } from '../../log/log.ts'
import { bucketEnd, bucketStart, openingTime } from './bucket-classes.ts'

export class Bucket {
  readonly bucketClass: number
  /** Milliseconds since the Unix epoch; no message in it is due earlier. */
  readonly start: number
  /** All of them are due before. */
  readonly end: number
  readonly openAt: number
  readonly cursor: LogCursor
  /**
   * Closed until it comes near. Then its messages are `listed`, to go to queues when they are due, or they
   * are `moved` into narrower buckets.
   */
  state: 'closed' | 'listed' | 'moved' = 'closed'
  /**
   * Its messages leave at its end, as they came: on disk there are too many of them to be read in another
   * order.
   */
  leavesAsItCame = false
  /** The first offset that has not been listed or moved. */
  next: number
  /** No message in it is due later. */
  latestDueAt: number

  constructor(bucketClass: number, dueAt: number, cursor: LogCursor) {
    this.bucketClass = bucketClass
    this.start = bucketStart(bucketClass, dueAt)
    this.end = bucketEnd(bucketClass, dueAt)
    this.openAt = openingTime(bucketClass, this.start)
    this.cursor = cursor
    this.next = cursor.floor
    this.latestDueAt = this.isEmpty ? -Infinity : Infinity
  }

  get log(): Log {
    return this.cursor.log
  }

  /** Whether nothing in it is left to be listed or moved. */
  get isDone(): boolean {
    return this.state !== 'closed' && this.next >= this.log.endOffset
  }

  /** Whether messages in it have still to be moved to where later ones may be already. */
  get isToBeMoved(): boolean {
    return this.state !== 'listed' && !this.isDone
  }

  /** Whether there is no message in it. */
  get isEmpty(): boolean {
    return this.cursor.floor >= this.log.endOffset
  }
}
