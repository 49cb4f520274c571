// How a stream was in the last minutes, as the little chart of a row shows it.
import { z } from 'zod'
import type { Counts, Sample } from '../../broker/statistics/sample.ts'
import { adminLimits } from '../../limits/admin.ts'

export interface SparkJson {
  readonly messages: readonly number[]
  readonly in: readonly number[]
}

const points = z.array(z.number()).describe('One for each fifteen seconds, oldest first')

export const sparkSchema: z.ZodType<SparkJson> = z.object({
  messages: points.describe('Messages in it'),
  in: points.describe('Published a second'),
})

/** `samples` are the oldest first. Points have places in time, so that they stay as they are while others come. */
export function sparkOf(samples: readonly Sample[], now: number): SparkJson {
  const { sparkPointsMax, sparkStepMs } = adminLimits
  const last = now - (now % sparkStepMs)
  const shown: Sample[] = []
  let index = 0
  for (let point = sparkPointsMax - 1; point >= 0; point--) {
    const time = last - point * sparkStepMs
    while (index + 1 < samples.length && samples[index + 1]!.time <= time) index++
    const sample = samples[index]
    if (sample !== undefined && sample.time <= time) shown.push(sample)
  }
  return {
    messages: shown.map(({ counts }) => of(counts, 'ready') + of(counts, 'unacked')),
    in: shown.slice(1).map((sample, before) => inRate(shown[before]!, sample)),
  }
}

function inRate(before: Sample, after: Sample): number {
  const seconds = (after.time - before.time) / 1000
  return seconds <= 0
    ? 0
    : (of(after.counts, 'published') - of(before.counts, 'published')) / seconds
}

function of(counts: Counts, name: string): number {
  return counts[name] ?? 0
}
