import { escapeDeceiving } from '../lib/escape-deceiving.ts'

/** Lines of a table for people: columns as wide as their widest cell, the last one as it is. */
export function tableLines(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const cells = [columns, ...rows.map((row) => row.map(printable))]
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => (row[index] ?? '').length)),
  )
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Names may hold anything, also what a terminal takes for a command. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const visible = text.replace(/[\0-\x1f\x7f]/g, (control) => JSON.stringify(control).slice(1, -1))
  return escapeDeceiving(visible)
}
