import { printable } from '../lib/printable.ts'

/** Lines of a table for people: columns as wide as their widest cell, the last one as it is. */
export function tableLines(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const cells = [columns, ...rows.map((row) => row.map(printable))]
  const widths = columns.map((_, index) =>
    cells.reduce((width, row) => Math.max(width, (row[index] ?? '').length), 0),
  )
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
