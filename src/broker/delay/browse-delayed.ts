// Delayed messages for those who look: when they are due, what they are, and ending the wait of one. Messages
// move from log to log as their time comes near, so where one was seen is good for a while only.
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Ticket } from '../../log/ticket.ts'
import { readDue } from '../../record/message/delays.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { browsedMessage, type BrowsedMessage, shownSize } from '../browse/browsed-message.ts'
import type { BrowsedPart, StateOf } from '../browse/browsed-part.ts'
import type { DelayedStretch, MessageDelay } from '../exchange/message-delay.ts'
import { Scan, type ScanPlace, type Segment, type Visitor } from '../jobs/scan.ts'

/** How many messages are due within a stretch of time. Stretches may overlap. */
export interface DueCount {
  /** Milliseconds since the Unix epoch. */
  readonly from: number
  readonly to: number
  readonly count: number
}

/** A message that waits. */
export interface DelayedMessage {
  readonly dueAt: number
  readonly logId: number
  readonly message: BrowsedMessage
}

/** Where the next page begins. */
export interface DelayedPlace {
  readonly start: number
  readonly logId: number
  readonly offset: number
}

export interface DelayedPage {
  readonly messages: readonly DelayedMessage[]
  /** Undefined: this was the last one. */
  readonly next: DelayedPlace | undefined
}

/** Earliest first; those next to each other are put together when there are too many. */
export function countDue(delay: MessageDelay): DueCount[] {
  const all = stretchesOf(delay).map(({ cursor, start, end }) => {
    return { from: start, to: end, count: cursor.unackedCount }
  })
  const together = Math.ceil(all.length / brokerLimits.delayedBinsMax)
  return Array.from({ length: Math.ceil(all.length / Math.max(1, together)) }, (_, bin) => {
    const some = all.slice(bin * together, (bin + 1) * together)
    return {
      from: Math.min(...some.map(({ from }) => from)),
      to: Math.max(...some.map(({ to }) => to)),
      count: some.reduce((sum, { count }) => sum + count, 0),
    }
  })
}

/**
 * A page in the order of stretches; within one, as they came. What an earlier process left is not in it until
 * it is known when that is due, some moments after a start.
 */
export function* listDelayed(
  delay: MessageDelay,
  asked: { readonly count: number; readonly after: DelayedPlace | undefined },
  { store }: { readonly store: LogStore },
): Steps<DelayedPage> {
  const { after, count } = asked
  const stretches = stretchesOf(delay).filter(
    (stretch) => stretch.start !== -Infinity && !isBefore(stretch, after),
  )
  const segments = stretches.map(({ cursor }, index) => segmentOf(cursor, index))
  const page = new Page(count)
  const [first] = stretches
  const goesOn = after !== undefined && first?.cursor.log.id === after.logId
  const scan = new Scan(segments, store, page)
  const isWhole = yield* scan.run({ segment: 0, offset: goesOn ? after.offset : 0 })
  const { messages, next } = page
  if (isWhole) return { messages, next: undefined }
  const { start, cursor } = stretches[next.segment]!
  return { messages, next: { start, logId: cursor.log.id, offset: next.offset } }
}

/**
 * Ends the wait of the message at this place: it goes on now, or is gone. Undefined when it is not there (any
 * more): it has left, or moved since it was listed.
 */
export function* endDelayed(
  delay: MessageDelay,
  place: { readonly logId: number; readonly offset: number },
  { store, goesOn }: { readonly store: LogStore; readonly goesOn: boolean },
): Steps<{ readonly ticket: Ticket | undefined } | undefined> {
  const stretch = stretchesOf(delay).find(({ cursor }) => cursor.log.id === place.logId)
  if (stretch === undefined) return undefined
  const { offset } = place
  const { cursor } = stretch
  const segment = { ...segmentOf(cursor, 0), from: offset, end: offset + 1 }
  const ending = new Ending((view) => {
    store.beginAtom()
    const isEnded = delay.end(cursor, offset, goesOn ? view : undefined)
    const ticket = store.endAtom()
    return isEnded ? { ticket } : undefined
  })
  yield* new Scan([segment], store, ending).run({ segment: 0, offset })
  return ending.ended
}

/** Where messages of an exchange wait, the earliest first. */
export function stretchesOf(delay: MessageDelay): DelayedStretch[] {
  return [...delay.stretches()]
    .filter(({ cursor }) => cursor.unackedCount > 0)
    .sort((a, b) => {
      return a.start === b.start ? a.cursor.log.id - b.cursor.log.id : a.start - b.start
    })
}

function isBefore({ start, cursor }: DelayedStretch, place: DelayedPlace | undefined): boolean {
  if (place === undefined) return false
  return start < place.start || (start === place.start && cursor.log.id < place.logId)
}

/** All that waits in one log. */
export function segmentOf(cursor: LogCursor, index: number): Segment {
  const part = new DelayedPart(cursor, index)
  return { part, from: part.head, end: part.log.stableEnd, next: (offset) => offset }
}

const noState: StateOf = () => undefined

class DelayedPart implements BrowsedPart {
  readonly log: Log
  readonly partition = undefined
  readonly index: number
  readonly #cursor: LogCursor

  constructor(cursor: LogCursor, index: number) {
    this.log = cursor.log
    this.index = index
    this.#cursor = cursor
  }

  get head(): number {
    return this.#cursor.floor
  }

  next(offset: number): number {
    return this.#cursor.acked.nextUnacked(offset)
  }

  statesIn(): StateOf {
    return noState
  }
}

class Page implements Visitor {
  readonly messages: DelayedMessage[] = []
  next: ScanPlace = { segment: 0, offset: 0 }
  readonly #count: number
  #size = 0
  #batchCount = 0
  #log!: Log

  constructor(count: number) {
    this.#count = count
  }

  mayGoOn(): 'yes' | 'no' {
    return this.#isFull || this.#batchCount >= brokerLimits.delayedBatchesMax ? 'no' : 'yes'
  }

  begin({ part }: Segment): void {
    this.#log = part.log
    this.#batchCount++
  }

  visit(view: RecordView, hasBody: boolean): boolean {
    if (this.#isFull) return false
    const payloadSizeMax = brokerLimits.delayedPayloadSizeMax
    const place = { partition: undefined, state: undefined }
    const message = browsedMessage(view, place, { hasBody, payloadSizeMax })
    const dueAt = readDue(view.buffer, view.headerStart)
    this.messages.push({ dueAt, logId: this.#log.id, message })
    this.#size += shownSize(view, message)
    return true
  }

  finish(next: ScanPlace): void {
    this.next = next
  }

  get #isFull(): boolean {
    return this.messages.length >= this.#count || this.#size >= brokerLimits.browsePageSizeMax
  }
}

type Ended = { readonly ticket: Ticket | undefined } | undefined

class Ending implements Visitor {
  ended: Ended
  readonly #end: (view: RecordView) => Ended

  constructor(end: (view: RecordView) => Ended) {
    this.#end = end
  }

  mayGoOn(): 'yes' {
    return 'yes'
  }

  begin(): void {}

  visit(view: RecordView): boolean {
    this.ended = this.#end(view)
    return true
  }

  finish(): void {}
}
