// One timer for the earliest of the times that were asked for. Whoever is woken looks at what is due and asks for the
// next time: the wall clock may have jumped meanwhile, and a timer of Node cannot wait for more than 24 days.
import type { Clock, Timer } from './clock.ts'

export class WakeTimer {
  readonly #clock: Pick<Clock, 'now' | 'after'>
  readonly #onDue: () => void
  #timer: Timer | undefined
  #at = Infinity

  constructor(clock: Pick<Clock, 'now' | 'after'>, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** When it wakes, in milliseconds since the Unix epoch; Infinity for never. */
  get at(): number {
    return this.#at
  }

  /** Wakes at `time`, or earlier: at the latest in `msMax`. A time that is over is soon. */
  wakeAt(time: number, msMax: number = Infinity): void {
    if (time >= this.#at) return
    this.#timer?.stop()
    this.#at = time
    const waitMs = Math.min(Math.max(0, time - this.#clock.now()), msMax)
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined
      this.#at = Infinity
      this.#onDue()
    })
  }

  /** It wakes no more until it is asked again. */
  stop(): void {
    this.#timer?.stop()
    this.#timer = undefined
    this.#at = Infinity
  }
}
