// What waits for a time: delayed messages, and those that expire. A stretch has messages of one log, and tells
// when they are due without a look at each.
import { readExpiration, readPropertyFlags } from '../../record/message/content-header.ts'
import { readDue } from '../../record/message/delays.ts'
import { PROPERTY_EXPIRATION } from '../../record/message/properties.gen.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { type BrowsedPart, partsOf } from '../browse/browsed-part.ts'
import { segmentOf, stretchesOf } from '../delay/browse-delayed.ts'
import type { MessageDelay } from '../exchange/message-delay.ts'
import type { Segment } from '../jobs/scan.ts'
import type { Queue } from '../queue/queue.ts'

export interface Waiting {
  readonly segment: Segment
  /** How many wait. */
  readonly count: number
  /** All of them are due from here … to before there; infinite when that is not known. */
  readonly from: number
  readonly to: number
  /** Whether messages of queues are in it, some of which may be with consumers. */
  readonly isQueue: boolean
  /** When a message of it is due; Infinity: never. */
  dueOf(view: RecordView): number
}

/** Those of an exchange, the earliest first. */
export function delayedOf(delay: MessageDelay): Waiting[] {
  return stretchesOf(delay).map(({ cursor, start, end }) => ({
    segment: segmentOf(cursor, 0),
    count: cursor.unackedCount,
    from: start,
    to: end,
    isQueue: false,
    dueOf: ({ buffer, headerStart }) => readDue(buffer, headerStart),
  }))
}

/** Those of a queue that expire while nobody takes them: each of its logs, as far as it is ready. */
export function expiringOf(queue: Queue, now: number): Waiting[] {
  const { settings, rewoundAt, readyCount, ends } = queue
  const ttlMs = settings.messageTtlMs ?? Infinity
  const parts = partsOf(queue)
  return parts.map((part) => ({
    segment: readyIn(part),
    count: parts.length === 1 ? readyCount : countIn(part),
    from: ends.nextExpiryAt,
    to: now + ttlMs,
    isQueue: true,
    dueOf: (view) => Math.max(view.timestamp, rewoundAt) + Math.min(ownTtlOf(view), ttlMs),
  }))
}

function readyIn(part: BrowsedPart): Segment {
  return { part, from: part.head, end: part.log.stableEnd, next: (offset) => offset }
}

function countIn({ log, head }: BrowsedPart): number {
  return Math.max(0, log.stableEnd - head)
}

function ownTtlOf({ buffer, headerStart, headerEnd }: RecordView): number {
  if ((readPropertyFlags(buffer, headerStart) & PROPERTY_EXPIRATION) === 0) return Infinity
  return Number(readExpiration(buffer, headerStart, headerEnd))
}
