// A part of a queue or topic for those who follow it: what came in while they did is shown as long as it is there,
// also when a consumer was faster.
import type { Log } from '../../log/log.ts'
import type { BrowsedPart, StateOf } from './browsed-part.ts'

export class LivePart implements BrowsedPart {
  readonly log: Log
  readonly partition: number | undefined
  readonly index: number
  /** What is from here on came in while somebody follows. */
  readonly liveFrom: number
  readonly #part: BrowsedPart

  constructor(part: BrowsedPart, liveFrom: number) {
    this.log = part.log
    this.partition = part.partition
    this.index = part.index
    this.liveFrom = liveFrom
    this.#part = part
  }

  get head(): number {
    return this.#part.head
  }

  next(offset: number): number {
    if (offset < this.liveFrom) return Math.min(this.#part.next(offset), this.#firstLive)
    return Math.max(offset, this.log.startOffset)
  }

  statesIn(first: number, last: number, now: number): StateOf {
    return this.#part.statesIn(first, last, now)
  }

  /** Where it goes on behind what was there before. */
  get #firstLive(): number {
    return Math.max(this.liveFrom, this.log.startOffset)
  }
}
