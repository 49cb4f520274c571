// Waiting for what may never come: others give their word, and may be gone.
import type { Clock } from './clock.ts'

/** As `promise`, or rejects after `ms` with what `late` makes; what comes later is of no account. */
export function inTime<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(late()))
    promise.then(
      (value) => {
        timer.stop()
        resolve(value)
      },
      (error: Error) => {
        timer.stop()
        reject(error)
      },
    )
  })
}
