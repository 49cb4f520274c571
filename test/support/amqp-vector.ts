// Rows of test/vectors/amqp: JSON cannot hold bytes, big integers and typed tables, so they are
// {"hex"}, {"bigint"} and {"table": [[name, type, value], …]}; a typed value is [type, value].
import { readFileSync } from 'node:fs'
import { FieldTable, type FieldValue } from '../../src/record/message/field-table.ts'

export interface VectorRow {
  readonly name: string
  readonly hex: string
  readonly value: unknown
}

type TypedJson = readonly [type: FieldValue['type'], value: unknown]

export function readVectors<Row extends VectorRow>(file: string): readonly Row[] {
  const url = new URL(`../vectors/amqp/${file}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as Row[]
}

/** A typed value from its JSON. */
export function reviveValue([type, value]: TypedJson): FieldValue {
  const revived =
    type === 'array' ? (value as readonly TypedJson[]).map(reviveValue) : revivePlain(value)
  return { type, value: revived } as FieldValue
}

/** Everything else from its JSON. */
export function revivePlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return value
  }
  if ('hex' in value) {
    return Buffer.from(value.hex as string, 'hex')
  }
  if ('bigint' in value) {
    return BigInt(value.bigint as string)
  }
  return 'table' in value ? reviveTable(value.table as readonly TableJson[]) : value
}

type TableJson = readonly [name: string, ...typed: TypedJson]

function reviveTable(rows: readonly TableJson[]): FieldTable {
  return new FieldTable(rows.map(([name, ...typed]) => ({ name, value: reviveValue(typed) })))
}

/** Arguments of a method or properties of a content header. */
export function reviveFields(value: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).map(([name, field]) => [
      name,
      revivePlain(field),
    ]),
  )
}
