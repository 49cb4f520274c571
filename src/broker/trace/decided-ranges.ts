// Records of transactions that have ended lately: a batch is looked into a moment after it came, and its transaction may
// have ended by then.
import { traceLimits } from '../../limits/trace.ts'

/** How the transaction of some records has ended. */
export interface Decided {
  readonly logId: number
  readonly ranges: readonly { readonly first: number; readonly last: number }[]
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly reason: 'committed' | 'aborted'
}

/** The last ones, up to a limit. */
export class DecidedRanges {
  readonly #all: Decided[] = []

  add(decided: Decided): void {
    this.#all.push(decided)
    if (this.#all.length > traceLimits.decidedMax) this.#all.shift()
  }

  find(logId: number, offset: number): Pick<Decided, 'at' | 'reason'> | undefined {
    const found = this.#all.findLast(
      (each) =>
        each.logId === logId &&
        each.ranges.some(({ first, last }) => offset >= first && offset <= last),
    )
    return found && { at: found.at, reason: found.reason }
  }
}
