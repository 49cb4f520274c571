// Time under the caller's control, for tests and simulation. Nothing happens by itself: `endTurn`
// runs what waits for the end of the turn, `advance` lets time pass.
import { assert } from './assert.ts'
import type { Clock, Timer } from './clock.ts'

interface VirtualTimer extends Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** Turns that schedule turns for ever are a bug in what is tested. */
const turnsMax = 100_000

/** A clock that stands still until it is moved. */
export class VirtualClock implements Clock {
  #elapsedMs = 0
  #wallMs: number
  /** Sorted by due time; timers of one moment fire in the order they were set. */
  readonly #timers: VirtualTimer[] = []
  #turn: (() => void)[] = []

  /** `startMs`: the wall clock at the start, milliseconds since the Unix epoch. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  now(): number {
    return this.#wallMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  after(ms: number, callback: () => void): Timer {
    const timer: VirtualTimer = {
      dueMs: this.#elapsedMs + Math.max(0, ms),
      callback,
      stop: () => this.#remove(timer),
    }
    this.#timers.splice(this.#placeAfter(timer.dueMs), 0, timer)
    return timer
  }

  every(ms: number, callback: () => void): Timer {
    assert(ms > 0, 'a repeated timer needs time between its calls')
    let next: Timer
    const repeat = (): void => {
      next = this.after(ms, repeat)
      callback()
    }
    next = this.after(ms, repeat)
    return { stop: () => next.stop() }
  }

  atEndOfTurn(callback: () => void): void {
    this.#turn.push(callback)
  }

  /** Timers that have not fired and were not stopped. */
  get timerCount(): number {
    return this.#timers.length
  }

  /** Runs what was deferred to the end of the turn, and what that defers, until nothing is left. */
  endTurn(): void {
    for (let turns = 0; this.#turn.length > 0; turns++) {
      assert(turns < turnsMax, 'the turns do not come to an end')
      const callbacks = this.#turn
      this.#turn = []
      for (const callback of callbacks) callback()
    }
  }

  /** Lets `ms` pass: each timer that falls due fires at its own time and is a turn of its own. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms
    this.endTurn()
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= endMs;) {
      this.#timers.shift()
      this.#passTo(timer.dueMs)
      timer.callback()
      this.endTurn()
      timer = this.#timers[0]
    }
    this.#passTo(endMs)
  }

  /** Lets time pass to the next timer and fires it; false when there is none. */
  advanceToNextTimer(): boolean {
    const timer = this.#timers[0]
    if (timer === undefined) return false
    this.advance(Math.max(0, timer.dueMs - this.#elapsedMs))
    return true
  }

  /** Sets the wall clock forward (or back, when negative) without time passing. */
  shiftWallClock(ms: number): void {
    this.#wallMs += ms
  }

  #passTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs
    this.#elapsedMs = elapsedMs
  }

  /** Index behind all timers due at or before `dueMs`. */
  #placeAfter(dueMs: number): number {
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timers[middle]!.dueMs <= dueMs) low = middle + 1
      else high = middle
    }
    return low
  }

  #remove(timer: VirtualTimer): void {
    const index = this.#timers.indexOf(timer)
    if (index >= 0) this.#timers.splice(index, 1)
  }
}
