// The first items of a list in its order, of a great many that come in any order. What cannot be among them is let go
// as it comes, so that a page of a million things is found without sorting or keeping a million.
//
// Invariant: what `items` returns is the beginning of all that was added, sorted stably, or of that in reverse.
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { sortInSteps } from './sort-in-steps.ts'

type Compare<T> = (a: T, b: T) => number

export interface FirstItemsAsked<T> {
  /** Infinity for all. */
  readonly count: number
  /** Left out: the order in which they are added. */
  readonly compare: Compare<T> | undefined
  readonly isReversed: boolean
}

export class FirstItems<T> {
  readonly #asked: FirstItemsAsked<T>
  /** The first of those that were sorted before, in order. */
  #kept: T[] = []
  /** Since then. */
  #fresh: T[] = []
  #isFull = false

  constructor(asked: FirstItemsAsked<T>) {
    this.#asked = asked
  }

  /** Whether `trim` is to be called before more is added. */
  get isToTrim(): boolean {
    return this.#fresh.length >= this.#asked.count + adminLimits.listedAtOnceMax
  }

  add(item: T): void {
    if (!this.#isFull || this.#mayBeAmong(item)) this.#fresh.push(item)
  }

  /** Lets go what is not among the first. */
  *trim(): Steps<void> {
    this.#kept = (yield* this.#sort()).slice(0, this.#asked.count)
    this.#fresh = []
    this.#isFull = this.#kept.length >= this.#asked.count
  }

  *items(): Steps<T[]> {
    const all = yield* this.#sort()
    return all.length > this.#asked.count ? all.slice(0, this.#asked.count) : all
  }

  /** Of two equal ones the earlier comes first; in reverse, the later. */
  #mayBeAmong(item: T): boolean {
    const { compare, isReversed } = this.#asked
    const last = this.#kept.at(-1)
    if (last === undefined || compare === undefined) return isReversed
    return isReversed ? compare(item, last) >= 0 : compare(item, last) < 0
  }

  /** In the order that decides between equal ones. */
  #all(): T[] {
    if (this.#asked.isReversed) return [...this.#fresh.toReversed(), ...this.#kept]
    return this.#kept.length === 0 ? this.#fresh : [...this.#kept, ...this.#fresh]
  }

  *#sort(): Steps<T[]> {
    const { compare, isReversed } = this.#asked
    const items = this.#all()
    if (compare === undefined) return items
    return yield* sortInSteps(items, isReversed ? (a, b) => compare(b, a) : compare)
  }
}
