// Where the messages are that a job has moved, to bring them back: stretches of the logs of their targets, with
// what changed in them. They are kept in the log's keyed state, some to an entry, written in the atom that
// moves; so they are as true as the moves are.
import { jobLimits } from '../../limits/jobs.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Former } from './message-sender.ts'

export interface MovedRange {
  readonly queue: string
  readonly logId: number
  readonly first: number
  last: number
  /** In base64. */
  readonly address: string
  readonly hasDeaths: boolean
}

/** A message that was just appended there. */
export interface Moved {
  readonly queue: string
  readonly logId: number
  readonly offset: number
  readonly former: Former
}

/** What all jobs share. */
export interface RangeBudget {
  /** How many ranges there are. */
  count: number
}

export class MovedRanges {
  /** How many messages are in them. */
  count = 0
  /** Whether all that the job moved is in them. */
  isWhole = true
  readonly #keyPrefix: string
  readonly #budget: RangeBudget
  readonly #ranges: MovedRange[] = []
  /** Index of the last range of each place, which the next message may continue. */
  readonly #open = new Map<string, number>()
  readonly #changed = new Set<number>()

  constructor(keyPrefix: string, budget: RangeBudget) {
    this.#keyPrefix = keyPrefix
    this.#budget = budget
  }

  /** In the order in which they began. */
  get all(): readonly MovedRange[] {
    return this.#ranges
  }

  /** Forgets what is kept. Within an atom. */
  forget(store: LogStore): void {
    const count = Math.ceil(this.#ranges.length / jobLimits.rangesPerEntry)
    for (let entry = 0; entry < count; entry++) store.putState(this.#keyOf(entry), undefined)
    this.#budget.count -= this.#ranges.length
    this.#ranges.length = 0
  }

  /** Within the atom of the move, before `save`. */
  add({ queue, logId, offset, former }: Moved): void {
    const address = former.address.toString('base64')
    const { hasDeaths } = former
    const key = `${logId} ${hasDeaths} ${address}`
    const index = this.#open.get(key) ?? -1
    const open = this.#ranges[index]
    if (open !== undefined && open.last === offset - 1) {
      open.last = offset
      this.#changed.add(Math.floor(index / jobLimits.rangesPerEntry))
    } else if (
      !this.#begin(key, { queue, logId, first: offset, last: offset, address, hasDeaths })
    ) {
      return
    }
    this.count++
  }

  /** Within the atom of the moves. */
  save(store: LogStore): void {
    for (const entry of this.#changed) {
      const start = entry * jobLimits.rangesPerEntry
      const ranges = this.#ranges.slice(start, start + jobLimits.rangesPerEntry)
      const isKept = store.putState(this.#keyOf(entry), Buffer.from(JSON.stringify(ranges)))
      if (!isKept) this.isWhole = false
    }
    this.#changed.clear()
  }

  /** Takes over what an earlier process kept, in order. */
  restore(state: ReadonlyMap<string, Buffer>): void {
    for (let entry = 0; ; entry++) {
      const value = state.get(this.#keyOf(entry))
      if (value === undefined) return
      for (const range of JSON.parse(value.toString()) as MovedRange[]) {
        this.#ranges.push(range)
        this.#budget.count++
        this.count += range.last - range.first + 1
      }
    }
  }

  #begin(key: string, range: MovedRange): boolean {
    if (this.#budget.count >= jobLimits.movedRangesMax) {
      this.isWhole = false
      return false
    }
    if (this.#open.size >= jobLimits.openRangesMax) this.#open.clear()
    this.#open.set(key, this.#ranges.length)
    this.#changed.add(Math.floor(this.#ranges.length / jobLimits.rangesPerEntry))
    this.#ranges.push(range)
    this.#budget.count++
    return true
  }

  #keyOf(entry: number): string {
    return `${this.#keyPrefix}${entry}`
  }
}
