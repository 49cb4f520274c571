// Reads messages of a queue or topic for those who only look, a slice at a time. It reads whole runs that are
// durable, as Kafka's fetches do: no reader's window moves, nothing is taken, noted or counted.
import type { Clock } from '../../lib/clock.ts'
import { resultOf, type Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Run } from '../../log/run.ts'
import { stableRuns } from '../../log/stable-runs.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { recordSizeAt } from '../../record/message/message-record.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Destination } from '../destination.ts'
import {
  type BrowseAsked,
  type BrowsePlace,
  chooseParts,
  type PartStart,
  startIn,
} from './browse-start.ts'
import { browsedMessage, type BrowsedMessage, shownSize } from './browsed-message.ts'
import type { BrowsedPart, StateOf } from './browsed-part.ts'

export interface BrowsedPage {
  readonly messages: readonly BrowsedMessage[]
  /** Where the next page begins; undefined: this was the last one. */
  readonly next: BrowsePlace | undefined
}

/** A page of one part. */
export interface PartPage {
  readonly messages: readonly BrowsedMessage[]
  /** Where the next page begins. */
  readonly next: number
  /** Messages that were looked at from `countFrom` on, whether they are shown or not. */
  readonly passedCount: number
  /** Reads that it took. */
  readonly readCount: number
}

/** What to read of one part. */
export interface PartAsked extends Pick<
  BrowseAsked,
  'count' | 'payloadSizeMax' | 'filter' | 'includesOpen'
> {
  readonly start: PartStart
  readonly countFrom?: number
  /** Nothing from there on. */
  readonly end?: number
  /** Larger properties are not shown; left out, `brokerLimits.browsePropertiesSizeMax`. */
  readonly propertiesSizeMax?: number
  /** The page is full with so many bytes; left out, `brokerLimits.browsePageSizeMax`. */
  readonly pageSizeMax?: number
  /** Reads at most; left out, `brokerLimits.browseReadsMax`. */
  readonly readsMax?: number
}

export interface PageContext {
  readonly store: LogStore
  readonly clock: Clock
}

/** Records that are looked at between two looks at the clock. */
const recordsPerStep = 64

/** Throws what `chooseParts` throws, and what reading the disk does. */
export function* readPage(
  browsed: Destination,
  asked: BrowseAsked,
  context: PageContext,
): Steps<BrowsedPage> {
  const page = new Page(asked, context)
  for (const part of chooseParts(browsed, asked)) {
    const { next, isEnd } = yield* page.read(part, yield* startIn(part, asked, context.store))
    if (!isEnd) return { messages: page.messages, next: { index: part.index, offset: next } }
  }
  return { messages: page.messages, next: undefined }
}

/** Reads one part on from a place. Throws what reading the disk does. */
export function* readPart(
  part: BrowsedPart,
  asked: PartAsked,
  context: PageContext,
): Steps<PartPage> {
  const page = new Page(asked, context)
  const { next } = yield* page.read(part, asked.start)
  const { messages, passedCount, readCount } = page
  return { messages, next, passedCount, readCount }
}

type PageAsked = Omit<PartAsked, 'start'>

class Page {
  readonly messages: BrowsedMessage[] = []
  /** See `PartPage`. */
  passedCount = 0
  readCount = 0
  readonly #asked: PageAsked
  readonly #context: PageContext
  readonly #view = new RecordView()
  #size = 0
  /** Last offset of the runs that were read last. */
  #readEnd = -1
  #recordCount = 0
  /** For the rest of those runs; undefined: asked for anew, as something may have changed. */
  #stateOf: StateOf | undefined
  /** Messages before this time are passed over until the first that is not. */
  #timestampMin = -Infinity

  constructor(asked: PageAsked, context: PageContext) {
    this.#asked = asked
    this.#context = context
  }

  /** Reads a part from there on; says where to go on, and whether that is the end of the part. */
  *read(
    part: BrowsedPart,
    { offset, timestampMin }: PartStart,
  ): Steps<{ readonly next: number; readonly isEnd: boolean }> {
    const { log } = part
    const { end: last = Infinity, readsMax = brokerLimits.browseReadsMax } = this.#asked
    this.#timestampMin = timestampMin
    let at = part.next(offset)
    for (; at < Math.min(this.#endOf(log), last); at = part.next(at)) {
      if (this.#isFull || this.readCount >= readsMax) {
        return { next: at, isEnd: false }
      }
      this.readCount++
      const end = this.#endOf(log)
      const { browseReadSizeMax } = brokerLimits
      const found = yield* resultOf(this.#context.store.readRuns(log, at, browseReadSizeMax))
      const runs = this.#asked.includesOpen === true ? found : stableRuns(log, found)
      if (runs.length === 0) return { next: end, isEnd: true }
      this.#readEnd = runs.at(-1)!.lastOffset
      this.#stateOf = undefined
      try {
        for (const run of runs) at = yield* this.#readRun(part, run, at)
      } finally {
        for (const run of runs) run.release()
      }
    }
    return { next: at, isEnd: true }
  }

  #endOf({ durableEnd, stableEnd }: Log): number {
    return this.#asked.includesOpen === true ? durableEnd : stableEnd
  }

  get #isFull(): boolean {
    const { count, pageSizeMax = brokerLimits.browsePageSizeMax } = this.#asked
    return this.#size >= pageSizeMax || this.messages.length >= count
  }

  /** Returns where to go on. */
  *#readRun(part: BrowsedPart, run: Run, offset: number): Steps<number> {
    const { log } = part
    const { end = Infinity } = this.#asked
    let at = offset
    while (at <= run.lastOffset && at < end && !this.#isFull) {
      const messages = log.messagesOf(run, at)
      if (messages === undefined) {
        const from = at
        yield new Promise<void>((resolve) => log.prepareMessages(run, from, resolve))
        this.#stateOf = undefined
        continue
      }
      // What a batch was converted to is not kept for long.
      messages.retain()
      try {
        at = yield* this.#readMessages(part, messages, at)
      } finally {
        messages.release()
      }
    }
    return at
  }

  *#readMessages(part: BrowsedPart, messages: Run, offset: number): Steps<number> {
    const view = this.#view
    const { countFrom = 0, end = Infinity } = this.#asked
    let at = offset
    for (let position: number = batchHeaderSize; position < messages.size;) {
      if (this.#isFull) return at
      // Counted over all runs: many of them may have a message each.
      if (++this.#recordCount % recordsPerStep === 0) {
        yield
        this.#stateOf = undefined
      }
      const hasBody = part.log.readFrom(messages, position, view) >= 0
      position += recordSizeAt(messages.buffer, position)
      if (view.offset >= end) return end
      if (view.offset < at) continue
      if (view.offset >= countFrom) this.passedCount++
      if (view.timestamp < this.#timestampMin) continue
      at = view.offset + 1
      if (part.next(view.offset) !== view.offset) continue
      const state = this.#stateIn(part)
      if (this.#asked.filter?.({ view, hasBody, state }) === false) continue
      this.#add({ partition: part.partition, state }, hasBody)
      if (!hasBody) yield* this.#readLargePayload()
    }
    return messages.lastOffset + 1
  }

  /** Of the message in the view. */
  #stateIn(part: BrowsedPart): BrowsedMessage['state'] {
    const { offset } = this.#view
    this.#stateOf ??= part.statesIn(offset, this.#readEnd, this.#context.clock.now())
    return this.#stateOf(offset)
  }

  #add(place: Pick<BrowsedMessage, 'partition' | 'state'>, hasBody: boolean): void {
    const { payloadSizeMax, propertiesSizeMax } = this.#asked
    const message = browsedMessage(this.#view, place, {
      hasBody,
      payloadSizeMax,
      propertiesSizeMax,
    })
    this.messages.push(message)
    this.#size += shownSize(this.#view, message)
    this.#timestampMin = -Infinity
  }

  /** The start of the last message's, which is in a file of its own. */
  *#readLargePayload(): Steps<void> {
    const { payloadSizeMax } = this.#asked
    const { asideId, bodyStart, bodyEnd } = this.#view
    const sizeMax = Math.min(payloadSizeMax, bodyEnd - bodyStart)
    if (sizeMax === 0) return
    const { store } = this.#context
    const payload = yield* resultOf(store.readAsideStart(asideId, sizeMax))
    this.#stateOf = undefined
    this.messages.push({ ...this.messages.pop()!, payload })
    this.#size += payload?.length ?? 0
  }
}
