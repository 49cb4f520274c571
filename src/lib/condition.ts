// Something that happens again and again, and those who wait for it to happen next.
import type { Clock } from './clock.ts'

export class Condition {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when it happens, after `ms`, or at once when `signal` is given. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        timer.stop()
        this.#waiting.delete(end)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = this.#clock.after(ms, end)
      this.#waiting.add(end)
      signal?.addEventListener('abort', end)
    })
  }

  notifyAll(): void {
    for (const end of this.#waiting) end()
  }
}
