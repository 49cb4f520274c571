import { type FigureName, figures } from './figure.ts'
import type { Spread, Summary } from './summary.ts'

/** A client that uses this much of its one CPU may be the limit, not the broker. */
export const CLIENT_BOUND_PERCENT = 90

const names = Object.keys(figures) as FigureName[]

/**
 * One scenario's table: a row a system, medians with half the range in percent, and under them the
 * ratio of the first system's figures to those of each other one.
 */
export function formatTable(summaries: ReadonlyMap<string, Summary>): string {
  const columns = names.filter((name) => [...summaries.values()].some((summary) => summary[name]))
  const rows = [['', ...columns.map((name) => figures[name].title)]]
  for (const [system, summary] of summaries) {
    rows.push([system, ...columns.map((name) => cell(name, summary[name]))])
  }
  const [[first, firstSummary] = ['', {}], ...others] = summaries
  for (const [system, summary] of others) {
    const ratios = columns.map((name) => ratio(name, firstSummary[name], summary[name]))
    rows.push([`${first} ÷ ${system}`, ...ratios])
  }
  return [...align(rows), ...clientNotes(summaries)].join('\n')
}

/** `12,345 ±3%`: the median, and half the range where there is one. */
export function cell(name: FigureName, spread: Spread | undefined): string {
  if (spread === undefined) return ''
  const { digits } = figures[name]
  const median = spread.median.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  if (spread.least === spread.most || spread.median === 0) return median
  const percent = ((spread.most - spread.least) / 2 / spread.median) * 100
  return `${median} ±${percent.toFixed(0)}%`
}

function ratio(name: FigureName, of: Spread | undefined, to: Spread | undefined): string {
  if (of === undefined || to === undefined || figures[name].isAboutMeasurement === true) return ''
  return `${(of.median / to.median).toPrecision(2).replace(/e\+\d+/, '')}×`
}

function align(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? text.padEnd(width) : text.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

function clientNotes(summaries: ReadonlyMap<string, Summary>): string[] {
  return [...summaries]
    .filter(([, summary]) => (summary.clientCpu?.median ?? 0) >= CLIENT_BOUND_PERCENT)
    .map(([system]) => `${system}: the client was saturated, the broker may be faster than this`)
}
