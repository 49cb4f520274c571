// Tables in the forms that rabbitmqctl has: columns with tabs between them, boxes, CSV, JSON.
import { erlangTerm } from './erlang-term.ts'
import type { ShimArguments } from './shim-arguments.ts'

export type Row = Readonly<Record<string, unknown>>

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

export function writeTable(
  table: Table,
  { format, isSilent, hasHeaders }: ShimArguments,
  out: (line: string) => void,
): void {
  if (format === 'json') {
    for (const line of jsonLines(table)) out(line)
    return
  }
  const { columns, rows } = table
  if (rows.length === 0) return
  const cells = rows.map((row) => columns.map((column) => textOf(column, row[column])))
  if (format === 'csv') for (const line of [columns, ...cells]) out(line.map(quoted).join(','))
  else if (format === 'pretty_table') for (const line of boxed([columns, ...cells])) out(line)
  else {
    const head = isSilent || !hasHeaders ? [] : [columns]
    for (const line of [...head, ...cells]) out(line.join('\t'))
  }
}

/** A row on each line, as RabbitMQ has it. */
function jsonLines({ columns, rows }: Table): string[] {
  const texts = rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? '']))),
  )
  return ['[', ...texts.map((text, index) => (index === 0 ? text : `,${text}`)), ']']
}

const tables: ReadonlySet<string> = new Set(['arguments', 'client_properties'])

/** Lists stand in brackets, tables of AMQP are terms of Erlang; what would break a line is escaped. */
function textOf(column: string, value: unknown): string {
  if (tables.has(column)) return erlangTerm(value ?? {})
  if (Array.isArray(value)) return `[${value.map((item) => textOf('', item)).join(', ')}]`
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

function boxed(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, index) =>
    lines.reduce((most, line) => Math.max(most, (line[index] ?? '').length), 0),
  )
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right
  const texts = lines.map(
    (line) => `│${line.map((cell, index) => ` ${cell.padEnd(widths[index]!)} `).join('│')}│`,
  )
  const between = rule('├', '┼', '┤')
  return [
    rule('┌', '┬', '┐'),
    ...texts.flatMap((text, index) => (index === 0 ? [text] : [between, text])),
    rule('└', '┴', '┘'),
  ]
}
