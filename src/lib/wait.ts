// Waiting for the clock, until somebody has had enough.
import type { Clock } from './clock.ts'

/** Resolves after `ms`, or at once when `signal` is given. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.stop()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(ms, end)
    if (signal?.aborted === true) end()
    else signal?.addEventListener('abort', end)
  })
}
