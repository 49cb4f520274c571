// Walks through one log of a queue or topic for those who only look, towards newer or older messages. Logs are
// read forward only: towards older ones it reads windows of offsets, each wider while little is found.
import { resultOf, type Steps } from '../../lib/slices.ts'
import { searchLimits } from '../../limits/search.ts'
import type { BrowseStart } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import type { BrowsedPart } from './browsed-part.ts'
import type { MessageFilter } from './message-filter.ts'
import { type PageContext, type PartPage, readPart } from './read-page.ts'

export type WalkOrder = 'oldest' | 'newest'

/** What all walks of one page share. */
export interface PartWalkOptions {
  readonly context: PageContext
  readonly payloadSizeMax: number
  readonly filter: MessageFilter | undefined
  /** Of what one step brings. */
  readonly pageSizeMax: number
  /** How many reads there may still be, for all parts together. */
  readonly budget: { reads: number }
}

/** One part, message by message; `place` is where a later walk goes on. */
export interface PartWalk {
  readonly part: BrowsedPart
  /** The next message, which stays there; undefined when there is none, or none was found within the budget. */
  peek(): Steps<BrowsedMessage | undefined>
  /** Goes behind the message that was peeked at. */
  take(): void
  /** Towards newer: the next offset to look at; towards older: everything below it is not looked at. */
  readonly place: number
  readonly isEnd: boolean
  /** How many messages were looked at, whether they are shown or not. */
  readonly lookedCount: number
  /** Offsets that it has not come to. */
  readonly left: number
}

/** Messages from a place on, oldest first. */
export class NewerWalk implements PartWalk {
  readonly part: BrowsedPart
  lookedCount = 0
  readonly #options: PartWalkOptions
  readonly #chunk: number
  #ahead: readonly BrowsedMessage[] = []
  #taken = 0
  #at: number
  #timestampMin: number

  constructor(
    part: BrowsedPart,
    start: { readonly offset: number; readonly timestampMin: number },
    chunk: number,
    options: PartWalkOptions,
  ) {
    this.part = part
    this.#options = options
    this.#chunk = chunk
    this.#at = start.offset
    this.#timestampMin = start.timestampMin
  }

  get place(): number {
    return this.#ahead[this.#taken]?.offset ?? this.#at
  }

  get isEnd(): boolean {
    return this.#taken === this.#ahead.length && this.#isReadThrough
  }

  get left(): number {
    return Math.max(0, this.part.log.stableEnd - this.part.next(this.place))
  }

  get #isReadThrough(): boolean {
    return this.part.next(this.#at) >= this.part.log.stableEnd
  }

  *peek(): Steps<BrowsedMessage | undefined> {
    const { budget, context, ...shown } = this.#options
    while (this.#taken === this.#ahead.length && !this.#isReadThrough && budget.reads > 0) {
      const start = { offset: this.#at, timestampMin: this.#timestampMin }
      const asked = { ...shown, start, count: this.#chunk, readsMax: budget.reads }
      const page = yield* readPart(this.part, asked, context)
      budget.reads -= Math.max(1, page.readCount)
      this.lookedCount += page.passedCount
      this.#ahead = page.messages
      this.#taken = 0
      this.#at = page.next
      if (page.messages.length > 0) this.#timestampMin = -Infinity
    }
    return this.#ahead[this.#taken]
  }

  take(): void {
    this.#taken++
  }
}

/** Messages below an offset, newest first. */
export class OlderWalk implements PartWalk {
  readonly part: BrowsedPart
  lookedCount = 0
  readonly #options: PartWalkOptions
  readonly #first: number
  #ahead: BrowsedMessage[] = []
  /** All below it has not been read. */
  #at: number
  #window: number

  constructor(part: BrowsedPart, below: number, chunk: number, options: PartWalkOptions) {
    this.part = part
    this.#options = options
    this.#first = part.next(0)
    this.#at = Math.min(below, part.log.stableEnd)
    this.#window = Math.min(chunk, searchLimits.windowFirst)
  }

  get place(): number {
    const next = this.#ahead.at(-1)
    return next === undefined ? this.#at : next.offset + 1
  }

  get isEnd(): boolean {
    return this.#ahead.length === 0 && this.#at <= this.#first
  }

  get left(): number {
    return Math.max(0, this.place - this.#first)
  }

  *peek(): Steps<BrowsedMessage | undefined> {
    const { budget } = this.#options
    while (this.#ahead.length === 0 && this.#at > this.#first && budget.reads > 0) {
      yield* this.#readWindow()
    }
    return this.#ahead.at(-1)
  }

  take(): void {
    this.#ahead.pop()
  }

  *#readWindow(): Steps<void> {
    const { budget, context, ...shown } = this.#options
    const from = Math.max(this.#first, this.#at - this.#window)
    // Where all is acked there is nothing to read.
    if (this.part.next(from) >= this.#at) {
      this.#goOn(from, 4)
      return
    }
    const start = { offset: from, timestampMin: -Infinity }
    const readsMax = Math.min(budget.reads, searchLimits.windowReadsMax)
    const asked = { ...shown, start, end: this.#at, count: Infinity, readsMax }
    const page = yield* readPart(this.part, asked, context)
    budget.reads -= Math.max(1, page.readCount)
    // It has more than a step may bring: what is next to the place comes first.
    const isCut = this.part.next(page.next) < this.#at && this.#window > 1
    if (isCut) this.#window = Math.max(1, Math.floor((page.next - from) / 2))
    else this.#take(page, from)
  }

  #take({ messages, passedCount, readCount }: PartPage, from: number): void {
    this.lookedCount += passedCount
    this.#ahead = [...messages]
    this.#goOn(from, readCount > searchLimits.windowReadsMax / 4 ? 1 : 2)
  }

  #goOn(at: number, factor: number): void {
    this.#at = at
    this.#window = Math.min(searchLimits.windowMax, this.#window * factor)
  }
}

/** Below which offset a walk towards older messages begins; messages at or behind a time are left to a filter. */
export function* belowOf(
  part: BrowsedPart,
  start: BrowseStart,
  { store }: PageContext,
): Steps<number> {
  switch (start.kind) {
    case 'last':
      return part.log.stableEnd
    case 'head':
      return part.head
    case 'first':
      return 0
    case 'offset':
      return start.offset
    case 'time': {
      const run = yield* resultOf(store.findRunByTimestamp(part.log, start.time))
      if (run === undefined) return part.log.stableEnd
      run.release()
      return run.lastOffset + 1
    }
    default:
      return start satisfies never
  }
}
