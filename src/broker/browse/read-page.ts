// Reads messages of a queue or topic for those who only look, a slice at a time. It reads whole runs that are
// durable, as Kafka's fetches do: no reader's window moves, nothing is taken, noted or counted.
import type { Clock } from '../../lib/clock.ts'
import { resultOf, type Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Run } from '../../log/run.ts'
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
    const end = yield* page.read(part, yield* startIn(part, asked, context.store))
    if (end !== undefined)
      return { messages: page.messages, next: { index: part.index, offset: end } }
  }
  return { messages: page.messages, next: undefined }
}

class Page {
  readonly messages: BrowsedMessage[] = []
  readonly #asked: BrowseAsked
  readonly #context: PageContext
  readonly #view = new RecordView()
  #size = 0
  #readCount = 0
  /** Messages before this time are passed over until the first that is not. */
  #timestampMin = -Infinity

  constructor(asked: BrowseAsked, context: PageContext) {
    this.#asked = asked
    this.#context = context
  }

  /** Reads a part from there on; says where to go on when the page is full, undefined at the end of the part. */
  *read(part: BrowsedPart, { offset, timestampMin }: PartStart): Steps<number | undefined> {
    const { log } = part
    this.#timestampMin = timestampMin
    for (let at = part.next(offset); at < log.readableEnd; at = part.next(at)) {
      if (this.#isFull || this.#readCount === brokerLimits.browseReadsMax) return at
      this.#readCount++
      const { browseReadSizeMax } = brokerLimits
      const runs = yield* resultOf(this.#context.store.readRuns(log, at, browseReadSizeMax))
      if (runs.length === 0) return undefined
      try {
        for (const run of runs) at = yield* this.#readRun(part, run, at)
      } finally {
        for (const run of runs) run.release()
      }
    }
    return undefined
  }

  get #isFull(): boolean {
    const isLarge = this.#size >= brokerLimits.browsePageSizeMax
    return isLarge || this.messages.length >= this.#asked.count
  }

  /** Returns where to go on. */
  *#readRun(part: BrowsedPart, run: Run, offset: number): Steps<number> {
    const { log } = part
    let at = offset
    while (at <= run.lastOffset && !this.#isFull) {
      const messages = log.messagesOf(run, at)
      if (messages === undefined) {
        const from = at
        yield new Promise<void>((resolve) => log.prepareMessages(run, from, resolve))
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
    let at = offset
    let stateOf = this.#statesOf(part, messages)
    let position: number = batchHeaderSize
    for (let count = 1; position < messages.size; count++) {
      if (this.#isFull) return at
      const hasBody = part.log.readFrom(messages, position, view) >= 0
      position += recordSizeAt(messages.buffer, position)
      if (view.offset >= at && view.timestamp >= this.#timestampMin) {
        const isSeen = part.next(view.offset) === view.offset
        if (isSeen) this.#add({ partition: part.partition, state: stateOf(view.offset) }, hasBody)
        at = view.offset + 1
        if (isSeen && !hasBody) yield* this.#readLargePayload()
      }
      if (hasBody && count % recordsPerStep > 0) continue
      yield
      stateOf = this.#statesOf(part, messages)
    }
    return messages.lastOffset + 1
  }

  #statesOf(part: BrowsedPart, { baseOffset, lastOffset }: Run): StateOf {
    return part.statesIn(baseOffset, lastOffset, this.#context.clock.now())
  }

  #add(place: Pick<BrowsedMessage, 'partition' | 'state'>, hasBody: boolean): void {
    const { payloadSizeMax } = this.#asked
    const message = browsedMessage(this.#view, place, { hasBody, payloadSizeMax })
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
    this.messages.push({ ...this.messages.pop()!, payload })
    this.#size += payload?.length ?? 0
  }
}
