import type { FigureName, Figures } from './figure.ts'

/** A figure over the runs of one system: the median, and the range it lies in. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number }

export type Summary = Partial<Record<FigureName, Spread>>

/** Medians and ranges of all figures that the runs have. */
export function summarize(runs: readonly Figures[]): Summary {
  const names = new Set(runs.flatMap((run) => Object.keys(run) as FigureName[]))
  const summary: Summary = {}
  for (const name of names) {
    const values = runs.map((run) => run[name]).filter((value) => value !== undefined)
    summary[name] = spread(values)
  }
  return summary
}

/** Median and range of at least one value. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN }
}

/** The value that `share` (0..1) of the sorted values do not exceed, interpolated. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}
