// Parameters by which a history is asked for: how many seconds back, and how many seconds between samples.
import { z } from 'zod'
import type { Sample } from '../../broker/statistics/sample.ts'
import { statisticsLimits } from '../../limits/statistics.ts'
import type { Range } from './message-stats.ts'

export type RangeKind = 'msg_rates' | 'lengths' | 'data_rates' | 'node_stats'
type RangeQueryName = `${RangeKind}_${'age' | 'incr'}`
export type RangeQuery = { readonly [Name in RangeQueryName]?: number | undefined }

const secondsMax = (statisticsLimits.samplesMax * statisticsLimits.sampleMs) / 1000

const age = z.coerce
  .number()
  .int()
  .min(0)
  .max(86_400)
  .optional()
  .describe(`Seconds of history, of which there are ${secondsMax} at most`)

const incr = z.coerce
  .number()
  .int()
  .min(1)
  .max(86_400)
  .optional()
  .describe('Seconds between samples')

export const rangeParameters: Readonly<Record<RangeQueryName, z.ZodType<number | undefined>>> = {
  msg_rates_age: age,
  msg_rates_incr: incr,
  lengths_age: age,
  lengths_incr: incr,
  data_rates_age: age,
  data_rates_incr: incr,
  node_stats_age: age,
  node_stats_incr: incr,
}

/** Undefined where no history is asked for: both parameters are needed. */
export function rangeOf(
  query: RangeQuery,
  kind: RangeKind,
  { samples, now }: { readonly samples: () => readonly Sample[]; readonly now: number },
): Range | undefined {
  const [seconds, step] = [query[`${kind}_age`], query[`${kind}_incr`]]
  if (seconds === undefined || step === undefined) return undefined
  const ageMs = Math.min(seconds, secondsMax) * 1000
  return { samples: samples(), ageMs, stepMs: step * 1000, now }
}
