// Messages of a queue that wait for a time: they came back and are tried again later, or their producer delays them.
// Their backlog counts them as delayed; here are the times, and one timer for the next.
import type { Clock } from '../../lib/clock.ts'
import { WakeTimer } from '../../lib/wake-timer.ts'
import { NumberHeap } from './number-heap.ts'
import type { QueueBacklog } from './queue-backlog.ts'

export interface HeldMessagesOptions {
  readonly backlog: Pick<QueueBacklog, 'wake' | 'dropDelayed'>
  readonly clock: Clock
  /** Some are ready. */
  readonly onReady: () => void
}

export class HeldMessages {
  readonly #options: HeldMessagesOptions
  /** Times at which messages are ready, and their places. */
  readonly #times = new NumberHeap()
  readonly #places = new Map<number, number[]>()
  readonly #timer: WakeTimer

  constructor(options: HeldMessagesOptions) {
    this.#options = options
    this.#timer = new WakeTimer(options.clock, () => this.#wakeDue())
  }

  /** The message, which its backlog counts as delayed, is ready at `time`, in milliseconds since the Unix epoch. */
  hold(place: number, time: number): void {
    const places = this.#places.get(time)
    if (places !== undefined) {
      places.push(place)
      return
    }
    this.#places.set(time, [place])
    this.#times.push(time)
    this.#setTimer()
  }

  /** Drops all of them and returns how many there were. Within an atom. */
  purge(): number {
    let count = 0
    for (const places of this.#places.values()) {
      for (const place of places) this.#options.backlog.dropDelayed(place)
      count += places.length
    }
    this.close()
    return count
  }

  /** Nothing becomes ready any more. */
  close(): void {
    this.#timer.stop()
    this.#places.clear()
    this.#times.clear()
  }

  #setTimer(): void {
    const time = this.#times.peek()
    if (time >= 0) this.#timer.wakeAt(time)
  }

  #wakeDue(): void {
    const { backlog, clock, onReady } = this.#options
    const now = clock.now()
    let hasWoken = false
    while (this.#times.size > 0 && this.#times.peek() <= now) {
      const time = this.#times.pop()
      for (const place of this.#places.get(time) ?? []) backlog.wake(place)
      this.#places.delete(time)
      hasWoken = true
    }
    this.#setTimer()
    if (hasWoken) onReady()
  }
}
