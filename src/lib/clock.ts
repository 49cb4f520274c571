// The one door for time and for "later": simulation replaces this whole object.

/** A timer that can be stopped once; stopping it again does nothing. */
export interface Timer {
  stop(): void
}

/** Source of time and of deferred calls. All durations are milliseconds. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. */
  now(): number
  /** Monotonic milliseconds, for measuring durations. */
  monotonic(): number
  /**
   * Calls back once after `ms`, or after 24 days when that is less, and soon for a time that is over; does not keep
   * the process alive.
   */
  after(ms: number, callback: () => void): Timer
  /** Calls back every `ms`; does not keep the process alive. */
  every(ms: number, callback: () => void): Timer
  /** Calls back at the end of this turn of the event loop, after all sockets that were ready. */
  atEndOfTurn(callback: () => void): void
}

/** The longest time that a timer of Node can have. */
const timerMsMax = 2_147_483_647

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    // A longer one would be called at once; whoever waits for weeks looks at the time and waits again.
    // Of a negative one Node warns: a thread that was held up often asks for what is over.
    const handle = setTimeout(callback, Math.min(Math.max(0, ms), timerMsMax))
    handle.unref()
    return { stop: () => clearTimeout(handle) }
  },
  every(ms, callback) {
    const handle = setInterval(callback, ms)
    handle.unref()
    return { stop: () => clearInterval(handle) }
  },
  atEndOfTurn(callback) {
    setImmediate(callback)
  },
}

/**
 * Keeps the process from ending by itself while it waits for nothing but the clock, such as the next
 * try of a failed write. Timers alone do not: see `Clock.after`.
 */
export function keepProcessAlive(): Timer {
  const aDayMs = 86_400_000
  const handle = setInterval(() => undefined, aDayMs)
  return { stop: () => clearInterval(handle) }
}
