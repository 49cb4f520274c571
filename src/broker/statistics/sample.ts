// A look at counters that only grow, or at lengths, and what two of them say.

export type Counts = Readonly<Record<string, number>>

/** What counters say now. */
export function countsIn(counters: object): Counts {
  return Object.assign<Record<string, number>, object>({}, counters)
}

export interface Sample {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly counts: Counts
}

/** Changes per second between the last two samples; none when something is not sampled. */
export interface Rates {
  of(name: string): number
}

export const noRates: Rates = { of: () => 0 }

export function ratesBetween(before: Sample, after: Sample): Rates {
  const seconds = (after.time - before.time) / 1000
  if (seconds <= 0 || before.counts === after.counts) return noRates
  return {
    of: (name) => ((after.counts[name] ?? 0) - (before.counts[name] ?? 0)) / seconds,
  }
}

/** The counts of `before` when nothing has changed, so that what is idle takes no memory. */
export function sharedIfSame(before: Counts | undefined, now: Counts): Counts {
  if (before === undefined) return now
  for (const name in now) if (now[name] !== before[name]) return now
  return before
}
