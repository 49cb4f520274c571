// Tables as rabbitmqctl writes them: columns with tabs between them, or one JSON array.
import type { ShimArguments } from './shim-arguments.ts'

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

export function writeTable(
  { columns, rows }: Table,
  { isJson, isSilent, hasHeaders }: ShimArguments,
  out: (line: string) => void,
): void {
  const picked = rows.map((row) => columns.map((column) => [column, row[column]] as const))
  if (isJson) {
    out(JSON.stringify(picked.map((cells) => Object.fromEntries(cells))))
    return
  }
  if (!isSilent && hasHeaders && rows.length > 0) out(columns.join('\t'))
  for (const cells of picked) out(cells.map(([, value]) => textOf(value)).join('\t'))
}

/** Lists stand in brackets; what would break a line is escaped. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}
