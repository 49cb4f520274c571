// Time under the caller's control, for tests and simulation. Nothing happens by itself: `endTurn`
// runs what waits for the end of the turn, `advance` lets time pass. A simulation that does something
// of its own between two callbacks takes them one by one: `takeTurn`, `takeTimer`.
import { assert } from '../lib/assert.ts'
import type { Clock, Timer } from '../lib/clock.ts'

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
    return Math.floor(this.#wallMs)
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

  /** When the next timer is due, on the monotonic clock; infinite when there is none. */
  get nextDueMs(): number {
    return this.#timers[0]?.dueMs ?? Infinity
  }

  /** Timers that are due by now. */
  get dueCount(): number {
    return this.#placeAfter(this.#elapsedMs)
  }

  /** Calls that wait for the end of the turn. */
  get turnSize(): number {
    return this.#turn.length
  }

  /** What was deferred to the end of the turn, for a caller who runs it in this order. */
  takeTurn(): readonly (() => void)[] {
    const callbacks = this.#turn
    this.#turn = []
    return callbacks
  }

  /** Lets time pass to the next timer, for a caller who fires it; undefined when there is none. */
  takeTimer(): (() => void) | undefined {
    const timer = this.#timers.shift()
    if (timer === undefined) return undefined
    this.#passTo(timer.dueMs)
    return timer.callback
  }

  /** Runs what was deferred to the end of the turn; false when nothing was. */
  endOneTurn(): boolean {
    const callbacks = this.takeTurn()
    for (const callback of callbacks) callback()
    return callbacks.length > 0
  }

  /** The same with what that defers, until nothing is left. */
  endTurn(): void {
    for (let turns = 0; this.endOneTurn(); turns++) {
      assert(turns < turnsMax, 'the turns do not come to an end')
    }
  }

  /** Lets `ms` pass: each timer that falls due fires at its own time and is a turn of its own. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms
    this.endTurn()
    while (this.nextDueMs <= endMs) {
      this.nextTimer()
      this.endTurn()
    }
    this.#passTo(endMs)
  }

  /** Time goes by while something is being done: timers that fall due wait. */
  pass(ms: number): void {
    this.#passTo(this.#elapsedMs + ms)
  }

  /** Lets time pass to the next timer and fires it; false when there is none. */
  nextTimer(): boolean {
    const callback = this.takeTimer()
    callback?.()
    return callback !== undefined
  }

  /** Ends turns and fires timers until nothing waits any more. */
  runUntilIdle(): void {
    for (let count = 0; this.endOneTurn() || this.nextTimer(); count++) {
      assert(count < turnsMax, 'the work does not come to an end')
    }
  }

  /** Sets the wall clock forward (or back, when negative) without time passing. */
  shiftWallClock(ms: number): void {
    this.#wallMs += ms
  }

  /** Never back: a timer that waited fires late. */
  #passTo(elapsedMs: number): void {
    const passed = Math.max(0, elapsedMs - this.#elapsedMs)
    this.#wallMs += passed
    this.#elapsedMs += passed
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
