// Parts of JSON objects by dotted names, as `columns` and `sort` have them in RabbitMQ's API.
import { compareNames } from '../../lib/compare-names.ts'
import { isObject } from '../../lib/is-object.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Only these columns of an object: `name`, `message_stats.publish_details.rate`. */
export function pickColumns(object: JsonObject, columns: readonly string[]): JsonObject {
  const picked: Record<string, unknown> = {}
  for (const [key, rest] of grouped(columns)) {
    if (!Object.hasOwn(object, key)) continue
    const value = object[key]
    picked[key] = rest.length > 0 && isObject(value) ? pickColumns(value, rest) : value
  }
  return picked
}

/** First parts of dotted names, each with the rests behind it; none where the whole is asked for. */
function grouped(columns: readonly string[]): Map<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>()
  for (const column of columns) {
    const dot = column.indexOf('.')
    const key = dot < 0 ? column : column.slice(0, dot)
    const rests = groups.get(key)
    const isWhole = dot < 0 || rests?.length === 0
    groups.set(key, isWhole ? [] : [...(rests ?? []), column.slice(dot + 1)])
  }
  return groups
}

/** What is found there; undefined for nothing. */
export function valueAtColumn(object: JsonObject, column: string): unknown {
  let value: unknown = object
  for (const key of column.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** As Erlang orders terms: numbers, then truth values, objects and lists, then texts. Nothing counts as 0. */
export function compareValues(a: unknown, b: unknown): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  if (typeof a === 'string' && typeof b === 'string') return compareNames(a, b)
  return Number(a ?? 0) - Number(b ?? 0) || 0
}

function rankOf(value: unknown): number {
  if (value === undefined || value === null || typeof value === 'number') return 0
  if (typeof value === 'boolean') return 1
  return typeof value === 'object' ? 2 : 3
}
