// A clock that stands still until a test moves it: ends of turns and timers run when asked for, in
// order, so that what happens "later" happens at a known point.

import type { Clock, Timer } from '../../src/lib/clock.ts'

interface Due {
  readonly at: number
  readonly order: number
  readonly callback: () => void
  isStopped: boolean
}

export class VirtualClock implements Clock {
  #now = 1_700_000_000_000
  #order = 0
  #turnEnds: (() => void)[] = []
  #timers: Due[] = []

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Timer {
    const due = { at: this.#now + ms, order: this.#order++, callback, isStopped: false }
    this.#timers.push(due)
    return {
      stop: () => {
        due.isStopped = true
      },
    }
  }

  every(_ms: number, _callback: () => void): Timer {
    throw new Error('no test needs it yet')
  }

  /** Time goes by while something is being done; timers wait for `nextTimer`. */
  pass(ms: number): void {
    this.#now += ms
  }

  atEndOfTurn(callback: () => void): void {
    this.#turnEnds.push(callback)
  }

  /** Timers that have neither run nor been stopped. */
  get pendingTimers(): number {
    return this.#timers.filter(({ isStopped }) => !isStopped).length
  }

  /** Ends one turn of the event loop; false when nothing was waiting for that. */
  endTurn(): boolean {
    const callbacks = this.#turnEnds
    this.#turnEnds = []
    for (const callback of callbacks) callback()
    return callbacks.length > 0
  }

  /** Moves on to the next timer and runs it; false when there is none. */
  nextTimer(): boolean {
    const [next] = this.#timers.toSorted((a, b) => a.at - b.at || a.order - b.order)
    if (next === undefined) return false
    this.#timers.splice(this.#timers.indexOf(next), 1)
    this.#now = Math.max(this.#now, next.at)
    if (!next.isStopped) next.callback()
    return true
  }

  /** Ends turns and runs timers until nothing waits any more. */
  runUntilIdle(): void {
    for (let count = 0; count < 100_000; count++) {
      if (!this.endTurn() && !this.nextTimer()) return
    }
    throw new Error('work that never ends')
  }
}
