// Waits for a condition instead of sleeping: polls it until it holds or the deadline passes.

import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 5

/** Deadline of everything a test waits for, unless it says otherwise: of a machine that has much else to do. */
export const DEADLINE_MS = 30_000

/**
 * Resolves with the first truthy result of `condition`.
 * @throws Error naming `what` when it does not hold within `deadlineMs`.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs: number = DEADLINE_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const result = await condition()
    if (result) return result
    if (performance.now() > end) throw new Error(`Gave up after ${deadlineMs} ms: ${what}`)
    await delay(POLL_MS)
  }
}

/** Rejects with an error naming `what` when `promise` is not settled within `deadlineMs`. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  const stop = new AbortController()
  const late = delay(deadlineMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`Gave up after ${deadlineMs} ms: ${what}`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
  }
}
