// How commands show what there is: as a table for people, or in a form for programs.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { printable } from '../lib/printable.ts'
import { tableLines } from './print-table.ts'
import type { Terminal } from './terminal.ts'

const formats = ['table', 'wide', 'json', 'ndjson', 'yaml', 'name'] as const
export type OutputFormat = (typeof formats)[number]

export const outputOption = [
  '-o, --output <FORMAT>',
  'table, wide, json, ndjson, yaml or name (default: table)',
] as const

/** Throws an `ExitError` for one that is unknown. */
export function readFormat(output = 'table'): OutputFormat {
  const format = formats.find((known) => known === output)
  if (format !== undefined) return format
  const known = `${formats.slice(0, -1).join(', ')} or ${formats.at(-1)}`
  throw new ExitError(exitCodes.usage, `--output ${output} is unknown: use ${known}`)
}

export type Row = Readonly<Record<string, unknown>>

/** How rows look in a table. A column is a key of theirs, with dots between the keys of what is inside. */
export interface Shown {
  /** What there is none of, when there is none. */
  readonly title: string
  readonly columns: readonly string[]
  /** Columns that only `wide` has. */
  readonly wideColumns?: readonly string[]
  /** What is above a column instead of its key. */
  readonly heads?: Readonly<Record<string, string>>
  /** How a column's values are written, where that is not as usual. */
  readonly cells?: Readonly<Record<string, (value: unknown) => string>>
  /** The key of what `name` shows; left out, `name`. */
  readonly nameKey?: string
}

/** Shows rows; programs get all that is in them. */
export async function showRows(
  { rows, ...shown }: Shown & { readonly rows: readonly Row[] },
  format: OutputFormat,
  terminal: Terminal,
): Promise<void> {
  const { print, tell } = terminal
  if (format === 'json' || format === 'yaml') await printValue(rows, format, terminal)
  else if (format === 'ndjson') for (const row of rows) print(JSON.stringify(row))
  else if (format === 'name')
    for (const row of rows) print(cellIn(shown, row, shown.nameKey ?? 'name'))
  else if (rows.length === 0) tell(`There are no ${shown.title}`)
  else printTable(shown, rows, format, terminal)
}

/** Shows one thing: below each other in a table, by itself for programs. */
export async function showOne(
  { row, ...shown }: Shown & { readonly row: Row },
  format: OutputFormat,
  terminal: Terminal,
): Promise<void> {
  if (format === 'json' || format === 'yaml') await printValue(row, format, terminal)
  else if (format === 'table' || format === 'wide') printParts(shown, row, format, terminal)
  else await showRows({ ...shown, rows: [row] }, format, terminal)
}

/** Prints a value of any shape; JSON in one line for programs, in several for people. */
export async function printValue(
  value: unknown,
  format: 'json' | 'yaml',
  { print, isResultSeen }: Terminal,
): Promise<void> {
  const text =
    format === 'json'
      ? JSON.stringify(value, undefined, isResultSeen ? 2 : undefined)
      : await yamlOf(value)
  for (const line of text.split('\n')) print(line)
}

/** What a terminal would act on is escaped, and YAML has escapes in double quotes only. */
async function yamlOf(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml')
  const document = new Document(value)
  visit(document, {
    Scalar(_key, node) {
      const text = node.value
      if (typeof text === 'string' && printable(text) !== text) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0 }).trimEnd()
}

function columnsOf({ columns, wideColumns = [] }: Shown, format: OutputFormat): readonly string[] {
  return format === 'wide' ? [...columns, ...wideColumns] : columns
}

function printTable(
  shown: Shown,
  rows: readonly Row[],
  format: OutputFormat,
  { print, printHead }: Terminal,
): void {
  const columns = columnsOf(shown, format)
  const heads = columns.map((column) => shown.heads?.[column] ?? column)
  const cells = rows.map((row) => columns.map((column) => cellIn(shown, row, column)))
  const [head = '', ...lines] = tableLines(heads, cells)
  printHead(head)
  for (const line of lines) print(line)
}

function printParts(shown: Shown, row: Row, format: OutputFormat, { print }: Terminal): void {
  const parts = columnsOf(shown, format).map((column) => [
    shown.heads?.[column] || column,
    cellIn(shown, row, column),
  ])
  const width = parts.reduce((most, [head = '']) => Math.max(most, head.length), 0)
  for (const [head = '', cell = ''] of parts) print(`${head.padEnd(width)}  ${cell}`.trimEnd())
}

export function cellIn({ cells = {} }: Shown, row: Row, column: string): string {
  return (cells[column] ?? cellOf)(valueAt(row, column))
}

/** `queue.name` is a part of what is at `queue`. */
function valueAt(row: Row, column: string): unknown {
  if (column in row || !column.includes('.')) return row[column]
  let value: unknown = row
  for (const key of column.split('.')) {
    value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[key]
  }
  return value
}

function cellOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(cellOf).join(',')
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return JSON.stringify(value)
  return Object.entries(value)
    .map(([key, part]) => `${key}=${cellOf(part)}`)
    .join(' ')
}
