// Messages that are due soon, the next one first: a binary heap in arrays of numbers, because there may
// be a quarter of a million. Those of one time leave in the order in which they came.
import { brokerLimits } from '../../limits/broker.ts'
import type { Bucket } from './bucket.ts'

const sizeInitial = 64

export class DueList {
  #dueAts = new Float64Array(sizeInitial)
  /** Rises with every message. */
  #ranks = new Float64Array(sizeInitial)
  #offsets = new Float64Array(sizeInitial)
  readonly #buckets: Bucket[] = []
  #size = 0
  #lastRank = 0

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= brokerLimits.delayListMax
  }

  /** When the next message is due; Infinity when there is none. */
  get dueAt(): number {
    return this.#size === 0 ? Infinity : this.#dueAts[0]!
  }

  /** Where the next message is. There must be one. */
  get offset(): number {
    return this.#offsets[0]!
  }

  get bucket(): Bucket {
    return this.#buckets[0]!
  }

  push(dueAt: number, bucket: Bucket, offset: number): void {
    if (this.#size === this.#dueAts.length) this.#grow()
    const rank = ++this.#lastRank
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      // A later rank never goes before an equal time.
      if (this.#dueAts[parent]! <= dueAt) break
      this.#copy(parent, at)
      at = parent
    }
    this.#set(at, dueAt, rank)
    this.#offsets[at] = offset
    this.#buckets[at] = bucket
  }

  /** Takes the next message away. */
  pop(): void {
    const last = --this.#size
    const [dueAt, rank] = [this.#dueAts[last]!, this.#ranks[last]!]
    const offset = this.#offsets[last]!
    const bucket = this.#buckets.pop()!
    if (last === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= last) break
      if (child + 1 < last && this.#isBefore(child + 1, this.#dueAts[child]!, this.#ranks[child]!))
        child++
      if (!this.#isBefore(child, dueAt, rank)) break
      this.#copy(child, at)
      at = child
    }
    this.#set(at, dueAt, rank)
    this.#offsets[at] = offset
    this.#buckets[at] = bucket
  }

  /** Takes all messages of a bucket away. */
  remove(bucket: Bucket): void {
    const kept = Array.from({ length: this.#size }, (_, at) => at)
      .filter((at) => this.#buckets[at] !== bucket)
      .toSorted((a, b) => (this.#isBefore(a, this.#dueAts[b]!, this.#ranks[b]!) ? -1 : 1))
    // What is sorted is a heap.
    this.#dueAts = picked(this.#dueAts, kept)
    this.#ranks = picked(this.#ranks, kept)
    this.#offsets = picked(this.#offsets, kept)
    const buckets = kept.map((at) => this.#buckets[at]!)
    this.#buckets.length = 0
    for (const each of buckets) this.#buckets.push(each)
    this.#size = kept.length
  }

  clear(): void {
    this.#size = 0
    this.#buckets.length = 0
  }

  #isBefore(at: number, dueAt: number, rank: number): boolean {
    const other = this.#dueAts[at]!
    return other < dueAt || (other === dueAt && this.#ranks[at]! < rank)
  }

  #copy(from: number, to: number): void {
    this.#dueAts[to] = this.#dueAts[from]!
    this.#ranks[to] = this.#ranks[from]!
    this.#offsets[to] = this.#offsets[from]!
    this.#buckets[to] = this.#buckets[from]!
  }

  #set(at: number, dueAt: number, rank: number): void {
    this.#dueAts[at] = dueAt
    this.#ranks[at] = rank
  }

  #grow(): void {
    this.#dueAts = grown(this.#dueAts)
    this.#ranks = grown(this.#ranks)
    this.#offsets = grown(this.#offsets)
  }
}

/** Of the same length, with these numbers first. */
function picked(numbers: Float64Array, places: readonly number[]): Float64Array<ArrayBuffer> {
  const result = new Float64Array(numbers.length)
  for (const [index, place] of places.entries()) result[index] = numbers[place]!
  return result
}

function grown(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
