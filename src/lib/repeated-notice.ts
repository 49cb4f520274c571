// Says what keeps happening without filling a log: the first of a kind at once, and those that come
// within some seconds after it in one go.
import type { Clock, Timer } from './clock.ts'

interface Kind {
  readonly timer: Timer
  /** Not said yet. */
  count: number
  say: (count: number) => void
}

export class RepeatedNotice {
  readonly #clock: Clock
  readonly #intervalMs: number
  /** Those that were said lately. */
  readonly #kinds = new Map<string, Kind>()

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  /** Calls `say` with how often it has happened, now or at the end of the interval. Kinds are few. */
  tell(kind: string, say: (count: number) => void): void {
    const known = this.#kinds.get(kind)
    if (known === undefined) {
      this.#watch(kind, say)
      say(1)
    } else {
      known.count++
      known.say = say
    }
  }

  /** Says nothing more. */
  close(): void {
    for (const { timer } of this.#kinds.values()) timer.stop()
    this.#kinds.clear()
  }

  #watch(kind: string, say: (count: number) => void): void {
    const timer = this.#clock.after(this.#intervalMs, () => this.#onInterval(kind))
    this.#kinds.set(kind, { timer, count: 0, say })
  }

  #onInterval(kind: string): void {
    const known = this.#kinds.get(kind)
    this.#kinds.delete(kind)
    if (known === undefined || known.count === 0) return
    this.#watch(kind, known.say)
    known.say(known.count)
  }
}
