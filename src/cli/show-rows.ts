// How commands show what a broker answered: as a table, or as the JSON that it was.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { tableLines } from './print-table.ts'

export const outputOption = ['-o, --output <FORMAT>', 'table or json (default: table)'] as const

/** Throws an `ExitError` for any other format. */
export function wantsJson(output = 'table'): boolean {
  if (output === 'json' || output === 'table') return output === 'json'
  throw new ExitError(exitCodes.usage, `--output ${output} is unknown: use table or json`)
}

/** Rows of JSON; a column is a key of theirs. */
export interface ShownRows {
  /** What there is none of, when there is none. */
  readonly title: string
  readonly columns: readonly string[]
  /** What is above a column instead of its key. */
  readonly heads?: Readonly<Record<string, string>>
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

export function showRows(
  { title, columns, heads = {}, rows }: ShownRows,
  isJson: boolean,
  print: (line: string) => void,
): void {
  if (isJson) print(JSON.stringify(rows))
  else if (rows.length === 0) print(`There are no ${title}`)
  else {
    const cells = rows.map((row) => columns.map((column) => cellOf(row[column])))
    const titles = columns.map((column) => heads[column] ?? column)
    for (const line of tableLines(titles, cells)) print(line)
  }
}

function cellOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return JSON.stringify(value)
  return Object.entries(value)
    .map(([key, part]) => `${key}=${part}`)
    .join(' ')
}
