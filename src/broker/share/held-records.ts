// Records of a partition that a share group has passed without handing them out: those whose time has not come, and
// those that are ready, since their time has come or the group takes records by priority. They are in memory only: after
// a restart the group passes them again.
import type { Clock } from '../../lib/clock.ts'
import { WakeTimer } from '../../lib/wake-timer.ts'
import { NumberHeap } from '../queue/number-heap.ts'
import { LeveledOffsets } from './leveled-offsets.ts'

/** What a record waits for, and its priority once that has come. */
interface Held {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly level: number
}

export interface HeldRecordsOptions {
  readonly clock: Clock
  /** The time of some has come. */
  readonly onReady: () => void
  /** So many more are held, or fewer. */
  readonly onChanged: (count: number) => void
}

export class HeldRecords {
  readonly #options: HeldRecordsOptions
  /** Whose time has not come: by offset. */
  readonly #times = new Map<number, Held>()
  /** The times, and the offsets of each; some may have gone. */
  readonly #order = new NumberHeap()
  readonly #offsets = new Map<number, number[]>()
  readonly #ready = new LeveledOffsets()
  readonly #timer: WakeTimer

  constructor(options: HeldRecordsOptions) {
    this.#options = options
    this.#timer = new WakeTimer(options.clock, () => this.#wakeDue())
  }

  /** Of both kinds. */
  get size(): number {
    return this.#times.size + this.#ready.size
  }

  /** Those that are ready. */
  get readyCount(): number {
    return this.#ready.size
  }

  hold(offset: number, held: Held): void {
    this.#add(offset, held)
    this.#options.onChanged(1)
    this.#setTimer()
  }

  /** The record waits for nothing but its turn. */
  addReady(offset: number, level: number): void {
    this.#ready.add(offset, level)
    this.#options.onChanged(1)
  }

  /** The priority of one that is ready; -1 for others. */
  levelOf(offset: number): number {
    return this.#ready.levelOf(offset)
  }

  /** How many that are ready go before those of `level`. */
  countAbove(level: number): number {
    return this.#ready.countAbove(level)
  }

  isReady(offset: number): boolean {
    return this.#ready.has(offset)
  }

  /** Which of those that are ready goes first; -1 when there is none. */
  firstReady(): number {
    return this.#ready.first()
  }

  /** Somebody gets it; false when it is not ready. */
  takeReady(offset: number): boolean {
    if (!this.#ready.delete(offset)) return false
    this.#options.onChanged(-1)
    return true
  }

  /** Forgets those of first … last that are ready, and calls back with each. */
  takeReadyIn(first: number, last: number, onTaken: (offset: number) => void): void {
    if (last - first < this.#ready.size) {
      for (let offset = first; offset <= last; offset++) {
        if (this.takeReady(offset)) onTaken(offset)
      }
      return
    }
    for (const offset of this.#ready.offsets()) {
      if (offset < first || offset > last) continue
      this.takeReady(offset)
      onTaken(offset)
    }
  }

  deleteBelow(end: number): void {
    const before = this.size
    if (before === 0) return
    const kept = Array.from(this.#times).filter(([offset]) => offset >= end)
    this.#ready.deleteBelow(end)
    if (kept.length < this.#times.size) this.#setTimes(kept)
    this.#options.onChanged(this.size - before)
  }

  close(): void {
    this.#timer.stop()
    this.#options.onChanged(-this.size)
    this.#times.clear()
    this.#order.clear()
    this.#offsets.clear()
    this.#ready.clear()
  }

  #setTimes(times: readonly (readonly [offset: number, held: Held])[]): void {
    this.#times.clear()
    this.#offsets.clear()
    this.#order.clear()
    for (const [offset, held] of times) this.#add(offset, held)
  }

  #add(offset: number, held: Held): void {
    const { time } = held
    this.#times.set(offset, held)
    const offsets = this.#offsets.get(time)
    if (offsets !== undefined) offsets.push(offset)
    else {
      this.#offsets.set(time, [offset])
      this.#order.push(time)
    }
  }

  #setTimer(): void {
    const time = this.#order.peek()
    if (time >= 0) this.#timer.wakeAt(time)
  }

  #wakeDue(): void {
    const { clock, onReady } = this.#options
    const now = clock.now()
    let hasWoken = false
    while (this.#order.size > 0 && this.#order.peek() <= now) {
      const time = this.#order.pop()
      for (const offset of this.#offsets.get(time) ?? []) {
        const held = this.#times.get(offset)
        if (held === undefined) continue
        this.#times.delete(offset)
        this.#ready.add(offset, held.level)
        hasWoken = true
      }
      this.#offsets.delete(time)
    }
    this.#setTimer()
    if (hasWoken) onReady()
  }
}
