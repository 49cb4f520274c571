// Metrics as data: families of samples, which are asked for when they are written.
import type { Histogram } from '../lib/histogram.ts'
import { formatBound } from './format-value.ts'
import { labelsOf } from './labels.ts'

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'unknown'

/** One number. */
export interface Sample {
  readonly value: number
  /** As `labelsOf` writes them; left out, there are none. */
  readonly labels?: string
  /** What the family's name has appended for it: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string
}

/** All samples of a name. Asked for once, while it is written: others have their turn in between. */
export interface Family {
  /** That of a counter ends in `_total`. */
  readonly name: string
  readonly type: MetricType
  /** A sentence without the full stop. */
  readonly help: string
  readonly samples: () => Iterable<Sample>
}

/** A family of one gauge without labels; none when there is no value. */
export function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, type: 'gauge', help, samples: () => one(value) }
}

/** The same for a counter. */
export function counter(name: string, help: string, value: number | undefined): Family {
  return { name, type: 'counter', help, samples: () => one(value) }
}

/** A family of one histogram. */
export function histogram(
  name: string,
  help: string,
  { of, labels }: { readonly of: Histogram; readonly labels?: Readonly<Record<string, string>> },
): Family {
  return { name, type: 'histogram', help, samples: () => histogramSamples(of, labels) }
}

function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ value }]
}

function* histogramSamples(
  { bounds, counts, sum }: Histogram,
  labels: Readonly<Record<string, string>> = {},
): Generator<Sample> {
  let count = 0
  for (const [index, inBucket] of counts.entries()) {
    count += inBucket
    const le = formatBound(bounds[index] ?? Infinity)
    yield { suffix: '_bucket', labels: labelsOf({ ...labels, le }), value: count }
  }
  yield { suffix: '_sum', labels: labelsOf(labels), value: sum }
  yield { suffix: '_count', labels: labelsOf(labels), value: count }
}
