// Waiting for what may never come: others give their word, and may be gone.
import type { Clock } from './clock.ts'
import { wait } from './wait.ts'

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

/** Resolves when the work has ended, however it did, or after `ms`. */
export async function upTo(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const isDone = new AbortController()
  const end = (): void => isDone.abort()
  work.then(end, end)
  await wait(clock, ms, isDone.signal)
}
