// Records of a partition that a share group has passed without handing them out: those whose time has not come, and
// those whose time has come since and that nobody has got yet. They are in memory only: after a restart the group
// passes them again.
import type { Clock, Timer } from '../../lib/clock.ts'
import { NumberHeap } from '../queue/number-heap.ts'

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
  readonly #times = new Map<number, number>()
  /** The times, and the offsets of each; some may have gone. */
  readonly #order = new NumberHeap()
  readonly #offsets = new Map<number, number[]>()
  /** Whose time has come; the heap may have some that have gone. */
  readonly #ready = new Set<number>()
  readonly #readyOrder = new NumberHeap()
  #timer: Timer | undefined
  #timerAt = Infinity

  constructor(options: HeldRecordsOptions) {
    this.#options = options
  }

  /** Of both kinds. */
  get size(): number {
    return this.#times.size + this.#ready.size
  }

  /** The record waits until `time`, in milliseconds since the Unix epoch. */
  hold(offset: number, time: number): void {
    this.#add(offset, time)
    this.#options.onChanged(1)
    this.#setTimer()
  }

  isReady(offset: number): boolean {
    return this.#ready.has(offset)
  }

  /** The first one whose time has come; -1 when there is none. */
  firstReady(): number {
    const order = this.#readyOrder
    while (order.size > 0 && !this.#ready.has(order.peek())) order.pop()
    return order.peek()
  }

  /** Somebody gets it; false when its time has not come, or it is not here. */
  takeReady(offset: number): boolean {
    if (!this.#ready.delete(offset)) return false
    this.#options.onChanged(-1)
    return true
  }

  /** Forgets those of first … last whose time has come, and calls back with each. */
  takeReadyIn(first: number, last: number, onTaken: (offset: number) => void): void {
    if (last - first < this.#ready.size) {
      for (let offset = first; offset <= last; offset++) {
        if (this.takeReady(offset)) onTaken(offset)
      }
      return
    }
    for (const offset of this.#ready) {
      if (offset < first || offset > last) continue
      this.takeReady(offset)
      onTaken(offset)
    }
  }

  deleteBelow(end: number): void {
    const before = this.size
    if (before === 0) return
    const kept = Array.from(this.#times).filter(([offset]) => offset >= end)
    for (const offset of this.#ready) if (offset < end) this.#ready.delete(offset)
    if (kept.length < this.#times.size) this.#setTimes(kept)
    this.#options.onChanged(this.size - before)
  }

  close(): void {
    this.#timer?.stop()
    this.#timer = undefined
    this.#timerAt = Infinity
    this.#options.onChanged(-this.size)
    this.#times.clear()
    this.#order.clear()
    this.#offsets.clear()
    this.#ready.clear()
    this.#readyOrder.clear()
  }

  #setTimes(times: readonly (readonly [offset: number, time: number])[]): void {
    this.#times.clear()
    this.#offsets.clear()
    this.#order.clear()
    for (const [offset, time] of times) this.#add(offset, time)
  }

  #add(offset: number, time: number): void {
    this.#times.set(offset, time)
    const offsets = this.#offsets.get(time)
    if (offsets !== undefined) offsets.push(offset)
    else {
      this.#offsets.set(time, [offset])
      this.#order.push(time)
    }
  }

  #setTimer(): void {
    const time = this.#order.peek()
    if (time < 0 || time >= this.#timerAt) return
    this.#timer?.stop()
    this.#timerAt = time
    const { clock } = this.#options
    this.#timer = clock.after(Math.max(0, time - clock.now()), () => {
      this.#timer = undefined
      this.#timerAt = Infinity
      this.#wakeDue()
    })
  }

  #wakeDue(): void {
    const { clock, onReady } = this.#options
    const now = clock.now()
    let hasWoken = false
    while (this.#order.size > 0 && this.#order.peek() <= now) {
      const time = this.#order.pop()
      for (const offset of this.#offsets.get(time) ?? []) {
        if (!this.#times.delete(offset)) continue
        this.#ready.add(offset)
        this.#readyOrder.push(offset)
        hasWoken = true
      }
      this.#offsets.delete(time)
    }
    this.#setTimer()
    if (hasWoken) onReady()
  }
}
