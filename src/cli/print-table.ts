import { printable } from '../lib/printable.ts'

/**
 * Lines of a table for people: the heads, then the rows. Columns are as wide as their widest cell, numbers
 * stand below each other by their last digit, and no cell can act on the terminal.
 */
export function tableLines(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const shown = rows.map((row) => row.map(printable))
  const cells = [columns, ...shown]
  const layout = columns.map((_, index) => ({
    width: cells.reduce((width, row) => Math.max(width, widthOf(row[index] ?? '')), 0),
    isNumeric: isNumeric(shown, index),
  }))
  return cells.map((row) =>
    layout
      .map(({ width, isNumeric: isRight }, index) => {
        const cell = row[index] ?? ''
        const space = ' '.repeat(width - widthOf(cell))
        return isRight ? `${space}${cell}` : `${cell}${space}`
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Whether a column has numbers only, and any. */
function isNumeric(rows: readonly (readonly string[])[], index: number): boolean {
  let hasNumber = false
  for (const row of rows) {
    const cell = row[index] ?? ''
    if (cell === '') continue
    if (!/^-?\d+(?:\.\d+)?$/.test(cell)) return false
    hasNumber = true
  }
  return hasNumber
}

/** Columns of a terminal: letters of East Asia and emojis take two, accents that join a letter none. */
const wide =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
const letters = new Intl.Segmenter()

function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex
  if (/^[\0-\x7f]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of letters.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}
