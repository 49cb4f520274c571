// The ids of the messages that are in a queue with `x-message-deduplication`: another message
// with one of them is dropped. A message is in the queue until its offset is acked, so nobody has to tell
// when one leaves; ids of those that have left are forgotten bit by bit when others come. What a durable
// queue knows is in the log's keyed state, written in the atom of its message.
//
// Source: rabbitmq-message-deduplication 0.7, its README.
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogStore } from '../../log/log-store.ts'
import { findHeader } from '../../record/message/content-header.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { idHeader, idOf } from '../exchange/message-ids.ts'
import { placeOf } from '../queue/message-place.ts'
import type { QueueBacklog } from '../queue/queue-backlog.ts'

/** The queue, as its ids see it. */
export type IdentifiedQueue = Pick<QueueBacklog, 'levels' | 'ends'>

/** What all queues share. */
export interface PresentIdsContext {
  readonly store: LogStore
  /** How many ids all queues have. */
  readonly budget: { count: number }
  /** A key is written that another one of this queue may have left. */
  onPut(key: string): void
}

interface Place {
  /** Of `levels`. */
  readonly index: number
  readonly offset: number
  /** Whether the log has it. */
  readonly isKept: boolean
}

const valueSize = 16
/** For each message that comes: what has left is forgotten faster than anything comes. */
const looksPerMessage = 2
/** Well under a millisecond. */
const forgottenPerStep = 128

export class PresentIds {
  /** What the keys of its ids begin with. */
  readonly keyPrefix: string
  readonly #queue: IdentifiedQueue
  readonly #context: PresentIdsContext
  readonly #places = new Map<string, Place>()
  #next: Iterator<[string, Place]> = this.#places.entries()

  constructor(keyPrefix: string, queue: IdentifiedQueue, context: PresentIdsContext) {
    this.keyPrefix = keyPrefix
    this.#queue = queue
    this.#context = context
  }

  get size(): number {
    return this.#places.size
  }

  /** Whether a message with the id of this one is in the queue. */
  has({ header, headerStart, headerEnd }: RecordSource): boolean {
    const value = findHeader(header, headerStart, headerEnd, idHeader)
    const known = value === undefined ? undefined : this.#places.get(idOf(value))
    return known !== undefined && this.#isPresent(known)
  }

  /** Calls `append`, which appends the message, unless one with its id is in the queue. Within an atom. */
  admit({ header, headerStart, headerEnd }: RecordSource, append: () => void): void {
    const value = findHeader(header, headerStart, headerEnd, idHeader)
    if (value === undefined) {
      append()
      return
    }
    const id = idOf(value)
    const known = this.#places.get(id)
    if (known !== undefined && this.#isPresent(known)) {
      // Written again, it is durable after the atom that wrote it first.
      if (known.isKept) this.#keep(id, known)
      return
    }
    if (known !== undefined) this.#forget(id, known)
    const before = this.#queue.ends
    append()
    const { ends } = this.#queue
    const index = ends.findIndex((end, at) => end !== before[at])
    this.#forgetSome()
    this.#add(id, { index, offset: ends[index]! - 1 })
  }

  /** The message in `record`, whose offset is its place, is dead and has left: its id is free. Within an atom. */
  free({ offset: place, buffer, headerStart, headerEnd }: RecordView): void {
    const value = findHeader(buffer, headerStart, headerEnd, idHeader)
    if (value === undefined) return
    const id = idOf(value)
    const known = this.#places.get(id)
    if (known === undefined || placeOf(known.index, known.offset) !== place) return
    this.#forget(id, known)
  }

  /** Puts an id back that the log's keyed state has. False: its message has left. */
  restore(id: string, value: Buffer): boolean {
    const place = { index: value.readDoubleBE(0), offset: value.readDoubleBE(8), isKept: true }
    const log = this.#queue.levels[place.index]?.cursor.log
    if (log === undefined || place.offset >= log.endOffset || !this.#isPresent(place)) return false
    this.#places.set(id, place)
    this.#context.budget.count++
    return true
  }

  /** Forgets the ids of messages that have left, as some are about to come back. Within an atom. */
  forgetGone(): void {
    for (const [id, place] of this.#places) if (!this.#isPresent(place)) this.#forget(id, place)
  }

  /** The same for those that have left by now, which may be many. Not within an atom. */
  *forgetGoneInSteps(): Steps<void> {
    const { store } = this.#context
    const places = this.#places.entries()
    for (let next = places.next(); next.done !== true;) {
      store.beginAtom()
      for (let count = 0; count < forgottenPerStep && next.done !== true; count++) {
        const [id, place] = next.value
        if (!this.#isPresent(place)) this.#forget(id, place)
        next = places.next()
      }
      store.endAtom()
      yield
    }
  }

  /** Nobody asks any more: the ids that the log has, which are forgotten here. */
  takeKept(): string[] {
    const kept = [...this.#places].filter(([, { isKept }]) => isKept).map(([id]) => id)
    this.#context.budget.count -= this.#places.size
    this.#places.clear()
    return kept
  }

  #isPresent({ index, offset }: Place): boolean {
    const cursor = this.#queue.levels[index]?.cursor
    return cursor !== undefined && !cursor.acked.isAcked(offset)
  }

  #add(id: string, { index, offset }: Omit<Place, 'isKept'>): void {
    const { budget } = this.#context
    if (budget.count >= brokerLimits.presentIdsMax && !this.#forgetOldest()) return
    const added = { index, offset, isKept: false }
    const { isVolatile } = this.#queue.levels[0]!.cursor.log
    const isKept = !isVolatile && this.#keep(id, added)
    this.#places.set(id, { ...added, isKept })
    budget.count++
  }

  /** False when there is no room. */
  #keep(id: string, { index, offset }: Place): boolean {
    const value = Buffer.allocUnsafe(valueSize)
    value.writeDoubleBE(index, 0)
    value.writeDoubleBE(offset, 8)
    const key = this.keyPrefix + id
    this.#context.onPut(key)
    return this.#context.store.putState(key, value)
  }

  #forgetSome(): void {
    for (let count = 0; count < looksPerMessage; count++) {
      const next = this.#next.next()
      if (next.done === true) {
        this.#next = this.#places.entries()
        return
      }
      const [id, place] = next.value
      if (!this.#isPresent(place)) this.#forget(id, place)
    }
  }

  /** False when there is none. */
  #forgetOldest(): boolean {
    for (const [id, oldest] of this.#places) {
      this.#forget(id, oldest)
      return true
    }
    return false
  }

  #forget(id: string, { isKept }: Place): void {
    this.#places.delete(id)
    this.#context.budget.count--
    if (isKept) this.#context.store.putState(this.keyPrefix + id, undefined)
  }
}
