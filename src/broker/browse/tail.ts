// Follows a queue or topic for somebody who only looks: messages that are durable, log by log, and then those that
// come. It holds a page at a time and reads the next one when that has been taken; what is gone by then is told as
// a gap. Nothing is taken, acked or kept for it.
import { tailLimits } from '../../limits/tail.ts'
import { LogHold } from '../../log/log-hold.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log, LogWatcher } from '../../log/log.ts'
import { preconditionFailed, queueResource } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import { knowEnds } from '../know-ends.ts'
import { type BrowseStart, type PartStart, startIn } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import { type BrowsedPart, partsOf } from './browsed-part.ts'
import type { Browser } from './browser.ts'
import { LivePart } from './live-part.ts'
import type { MessageFilter } from './message-filter.ts'
import { type PageContext, type PartPage, readPart } from './read-page.ts'
import { logKey, placeText, type TailPlace } from './tail-place.ts'

export interface TailContext extends PageContext {
  readonly store: LogStore
  readonly browser: Browser
}

export interface TailAsked {
  /** `next`: only what comes from now on. */
  readonly start:
    | BrowseStart
    | { readonly kind: 'next' }
    | { readonly kind: 'place'; readonly place: TailPlace }
  /** The only one to follow. */
  readonly partition?: number | undefined
  /** Of a start at the last ones, in each partition. */
  readonly lastCount: number
  readonly payloadSizeMax: number
  readonly filter?: MessageFilter | undefined
}

/** Offsets that cannot be shown any more. */
export interface TailGap {
  readonly kind: 'gap'
  readonly partition: number | undefined
  /** The first of them, and the one behind the last. */
  readonly from: number
  readonly to: number
  /** How many messages that are. */
  readonly count: number
  /** Retention has trimmed them, consumers were faster, or the place is one of a stream that is gone. */
  readonly reason: 'trimmed' | 'acked' | 'other stream'
}

/** With each the place where to go on behind it. */
export type TailItem = { readonly place: string } & (
  | { readonly kind: 'message'; readonly message: BrowsedMessage }
  | TailGap
)

interface FollowedPart {
  readonly part: LivePart
  /** By which it is named in places. */
  readonly key: string
  timestampMin: number
  /** What keeps messages that consumers ack at once, while somebody waits for them. */
  hold: LogHold | undefined
}

export class Tail implements LogWatcher {
  readonly destination: Destination
  readonly #context: TailContext
  readonly #asked: TailAsked
  readonly #parts: FollowedPart[] = []
  readonly #place = new Map<string, number>()
  /** Gaps that the next page begins with. */
  #gaps: TailItem[] = []
  /** Which part is read next. */
  #turn = 0
  #endReason: string | undefined
  #isDue = true
  #isWaiting = false
  #wake: () => void = () => undefined

  private constructor(destination: Destination, asked: TailAsked, context: TailContext) {
    this.destination = destination
    this.#asked = asked
    this.#context = context
  }

  /**
   * Rejects with `precondition_failed` for a partition that is not there, for an offset in one of several, and
   * where there are too many of them.
   */
  static async open(
    destination: Destination,
    asked: TailAsked,
    context: TailContext,
  ): Promise<Tail> {
    const tail = new Tail(destination, asked, context)
    const parts = tail.#partsNow()
    const resource = queueResource(destination.vhost, destination.name)
    if (parts.length === 0)
      throw preconditionFailed(`${resource} has no partition ${asked.partition}`)
    if (asked.start.kind === 'offset' && parts.length > 1) {
      throw preconditionFailed(`${resource} has several partitions: name one of them, or a time`)
    }
    if (parts.length > tailLimits.partsMax) {
      throw preconditionFailed(
        `${resource} has more than ${tailLimits.partsMax} partitions: name one of them`,
      )
    }
    await knowEnds(destination)
    // What comes while the places are looked up is not missed.
    const ends = parts.map(({ log }) => log.stableEnd)
    try {
      for (const [index, part] of parts.entries()) {
        const end = ends[index]!
        tail.#follow(part, await tail.#startIn(part, end), end)
      }
    } catch (error) {
      tail.end('it did not begin')
      throw error
    }
    if (asked.start.kind === 'place') tail.#checkPlace(asked.start.place)
    return tail
  }

  /** Where it goes on behind all that was answered. */
  get place(): string {
    return placeText(this.#place)
  }

  /** Why it ended; undefined: it goes on. */
  get endReason(): string | undefined {
    return this.#endReason
  }

  /** Resolves when there is something to tell; with nothing when it has ended. Rejects when the disk cannot be read. */
  async next(): Promise<readonly TailItem[]> {
    this.#isWaiting = true
    this.#hold()
    try {
      while (this.#endReason === undefined) {
        const items = await this.#read()
        if (items.length > 0) return items
        if (this.#isDue || this.#endReason !== undefined) continue
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
      return []
    } finally {
      this.#isWaiting = false
    }
  }

  /** Whoever reads it is slow: nothing is kept for it until `next` is called again. */
  pause(): void {
    for (const followed of this.#parts) {
      followed.hold?.[Symbol.dispose]()
      followed.hold = undefined
    }
  }

  /** Ends it, unless it has ended. */
  end(reason: string): void {
    if (this.#endReason !== undefined) return
    this.#endReason = reason
    this.pause()
    for (const { part } of this.#parts) part.log.removeLooker(this)
    this.#wake()
  }

  /** The topology has changed: there may be more logs. */
  refresh(): void {
    if (this.#endReason !== undefined) return
    const known = new Set(this.#parts.map(({ part }) => part.log))
    for (const part of this.#partsNow()) {
      if (known.has(part.log)) continue
      if (this.#parts.length >= tailLimits.partsMax)
        return this.end('there are too many partitions')
      this.#follow(part, { offset: 0, timestampMin: -Infinity }, 0)
      if (this.#isWaiting) this.#hold()
      this.onDurable()
    }
  }

  onDurable(_log?: Log): void {
    this.#isDue = true
    this.#wake()
  }

  /** Of topics and sources retention says what is kept. */
  #hold(): void {
    if (this.destination.kind === 'topic' || this.#endReason !== undefined) return
    for (const followed of this.#parts) {
      const { log } = followed.part
      // What was there before is shown as it is.
      const from = Math.max(this.#place.get(followed.key)!, followed.part.liveFrom)
      if (!this.#isOfSource(log)) followed.hold ??= new LogHold(log, from)
    }
  }

  #partsNow(): BrowsedPart[] {
    const { partition } = this.#asked
    const all = partsOf(this.destination)
    return partition === undefined ? all : all.filter((part) => part.partition === partition)
  }

  async #startIn(part: BrowsedPart, end: number): Promise<PartStart> {
    const { start, lastCount: count } = this.#asked
    const at = (offset: number): PartStart => ({ offset, timestampMin: -Infinity })
    switch (start.kind) {
      case 'next':
        return at(end)
      case 'place':
        return at(start.place.get(this.#keyOf(part)) ?? 0)
      default: {
        const asked = { start, count, payloadSizeMax: 0 }
        const { store, browser } = this.#context
        const found = await browser.run(() => startIn(part, asked, store))
        return { ...found, offset: start.kind === 'first' ? part.next(0) : found.offset }
      }
    }
  }

  #keyOf({ log }: BrowsedPart): string {
    return logKey(log, this.#context.store.epoch)
  }

  #follow(part: BrowsedPart, { offset, timestampMin }: PartStart, end: number): void {
    const isResumed = this.#asked.start.kind === 'place'
    // Of a topic retention only says what is there.
    const isTopic = this.destination.kind === 'topic'
    const live = new LivePart(part, isTopic ? Infinity : isResumed ? offset : end)
    const key = this.#keyOf(part)
    this.#parts.push({ part: live, key, timestampMin, hold: undefined })
    this.#place.set(key, offset)
    part.log.addLooker(this)
  }

  /** A place of a stream that had the same name before, or of what a crash has taken. */
  #checkPlace(place: TailPlace): void {
    let isOther = [...place.keys()].every((key) => !this.#place.has(key))
    for (const { part, key } of this.#parts) {
      if (this.#place.get(key)! <= part.log.endOffset) continue
      isOther = true
      this.#place.set(key, 0)
    }
    if (!isOther) return
    const gap = { kind: 'gap', partition: undefined, from: 0, to: 0, count: 0 } as const
    this.#gaps.push({ ...gap, reason: 'other stream', place: this.place })
  }

  /** A page of the first part that has something; nothing when none has. */
  async #read(): Promise<readonly TailItem[]> {
    const gaps = this.#gaps
    this.#gaps = []
    if (gaps.length > 0) return gaps
    this.#isDue = false
    for (let count = this.#parts.length; count > 0; count--) {
      const followed = this.#parts[this.#turn++ % this.#parts.length]!
      const { part, key } = followed
      if (this.#place.get(key)! >= part.log.stableEnd) continue
      // Others may have more, and so may this one.
      this.#isDue = true
      const items = await this.#readPart(followed)
      if (items.length > 0) return items
    }
    return []
  }

  async #readPart(followed: FollowedPart): Promise<TailItem[]> {
    const { part, key, timestampMin } = followed
    const { payloadSizeMax, filter } = this.#asked
    const { browser } = this.#context
    const offset = this.#place.get(key)!
    const countFrom = Math.max(offset, part.liveFrom)
    const start = { offset, timestampMin }
    const asked = { start, count: tailLimits.countMax, payloadSizeMax, filter, countFrom }
    // Others look at something meanwhile, also when its leader is away.
    await part.log.origin?.refresh()
    const trimmed = this.#trimmedOf(part, offset)
    const page = await browser.run(() => readPart(part, asked, this.#context))
    if (this.#endReason !== undefined) return []
    followed.timestampMin = -Infinity
    const gap = trimmed ?? this.#ackedOf(part, page, countFrom)
    const items: TailItem[] = []
    if (gap !== undefined) items.push({ ...gap, place: this.place })
    for (const message of page.messages) {
      this.#place.set(key, message.offset + 1)
      items.push({ kind: 'message', message, place: this.place })
    }
    this.#place.set(key, page.next)
    followed.hold?.moveTo(Math.max(page.next, part.liveFrom))
    return items
  }

  /** Records of Kafka may have no successor at the next offset: of a topic only retention makes gaps. */
  #trimmedOf({ partition, head: to }: LivePart, from: number): TailGap | undefined {
    if (this.destination.kind !== 'topic' || to <= from) return undefined
    return { kind: 'gap', partition, from, to, count: to - from, reason: 'trimmed' }
  }

  #ackedOf({ partition, log }: LivePart, page: PartPage, from: number): TailGap | undefined {
    const { next: to, passedCount } = page
    const count = to - from - passedCount
    if (this.destination.kind === 'topic' || count <= 0 || this.#isOfSource(log)) return undefined
    return { kind: 'gap', partition, from, to, count, reason: 'acked' }
  }

  #isOfSource(log: Log): boolean {
    const { destination } = this
    if (destination.kind === 'topic' || destination.source === undefined) return false
    return destination.log !== log
  }
}
