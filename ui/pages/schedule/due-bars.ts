// How a histogram of due times is drawn: heights, marks of time. No JSX, so that node can test it.
import type { DueJson } from '../../../src/admin/v1/schedule-of-all.ts'

export const windows = {
  hour: { label: 'hour', seconds: 3600, bins: 60, marks: 6 },
  day: { label: 'day', seconds: 86_400, bins: 48, marks: 8 },
  week: { label: 'week', seconds: 604_800, bins: 56, marks: 7 },
  month: { label: '30 days', seconds: 2_592_000, bins: 60, marks: 6 },
} as const

export type WindowName = keyof typeof windows

export function windowOf(name: string | undefined): WindowName {
  return name !== undefined && Object.hasOwn(windows, name) ? (name as WindowName) : 'hour'
}

export const kinds = ['delayed', 'expiring', 'retried'] as const
export type Kind = (typeof kinds)[number]

/** A bar's part: from the bottom, in shares of the height. */
export interface BarPart {
  readonly kind: Kind
  readonly from: number
  readonly share: number
}

export interface DueBar {
  readonly index: number
  readonly from: number
  readonly to: number
  readonly total: number
  readonly parts: readonly BarPart[]
  readonly counts: Readonly<Record<Kind, number>>
}

export function barsOf({ bins, bin_ms: binMs }: DueJson): {
  readonly bars: readonly DueBar[]
  readonly max: number
} {
  const totals = bins.map(({ delayed, expiring, retried }) => delayed + expiring + retried)
  const max = niceMax(Math.max(0, ...totals))
  const bars = bins.map((bin, index) => {
    const parts: BarPart[] = []
    let from = 0
    for (const kind of kinds) {
      const share = bin[kind] / max
      if (share > 0) parts.push({ kind, from, share })
      from += share
    }
    const { delayed, expiring, retried } = bin
    return {
      index,
      from: bin.from,
      to: bin.from + binMs,
      total: totals[index] ?? 0,
      parts,
      counts: { delayed, expiring, retried },
    }
  })
  return { bars, max }
}

/** The next of 1, 2, 5, 10, 20 … */
export function niceMax(value: number): number {
  if (value <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  for (const step of [1, 2, 5, 10]) if (step * power >= value) return step * power
  return value
}

/** All of one kind within the window. */
export function sumOf({ bins }: DueJson, kind: Kind): number {
  return bins.reduce((sum, bin) => sum + bin[kind], 0)
}
