// Nested header values as JSON that a program can use as it is. What plain JSON cannot say is wrapped:
// {"$long":"5"}, {"$binary":"AAE="}, {"$table":[["name",value],…]}. Both directions lose nothing.
//
// plain JSON      │ AMQP type        plain JSON         │ AMQP type
// text            │ longstr          integer of 32 bits │ signedint
// true, false     │ bool             other safe integer │ long
// null            │ void             other number       │ double
// list            │ array            object             │ table
import { recordLimits } from '../limits/record.ts'
import { FieldTable, type FieldEntry, type FieldValue } from '../record/message/field-table.ts'
import { decimalText, isNumberType, numberText, parseDecimal, parseNumber } from './number-text.ts'

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json }

const nameBytesMax = 255

export function toJson(field: FieldValue): Json {
  switch (field.type) {
    case 'bool':
    case 'void':
      return field.value
    case 'longstr':
      return typeof field.value === 'string' ? field.value : wrapBytes(field.type, field.value)
    case 'binary':
      return wrapBytes(field.type, field.value)
    case 'array':
      return field.value.map(toJson)
    case 'table':
      return tableToJson(field.value)
    case 'decimal':
      return { $decimal: decimalText(field.value.unscaled, field.value.scale) }
    default:
      return numberToJson(field.type, field.value)
  }
}

/** Undefined for what `toJson` would not make of any value. */
export function fromJson(json: Json, depth = 0): FieldValue | undefined {
  if (depth > recordLimits.fieldTableDepthMax) return undefined
  switch (typeof json) {
    case 'string':
      return { type: 'longstr', value: json }
    case 'boolean':
      return { type: 'bool', value: json }
    case 'number':
      return parseNumber(plainNumberType(json), numberText(json))
    default:
      return objectFromJson(json, depth)
  }
}

function numberToJson(type: string, value: number | bigint): Json {
  const isPlain = typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)
  if (isPlain && type === plainNumberType(value)) return value
  return { [`$${type}`]: numberText(value) }
}

function plainNumberType(value: number): 'signedint' | 'long' | 'double' {
  if (!Number.isSafeInteger(value)) return 'double'
  return value === (value | 0) ? 'signedint' : 'long'
}

function wrapBytes(type: string, bytes: string | Buffer): Json {
  return { [`$${type}`]: Buffer.from(bytes as Buffer).toString('base64') }
}

function tableToJson({ entries }: FieldTable): Json {
  const values = entries.map(({ name, value }) => [name, toJson(value)] as const)
  const names = new Set(entries.map(({ name }) => name))
  // An object would reorder names that are numbers, and cannot hold a name twice.
  const isPlain = names.size === entries.length && !entries.some(({ name }) => isSpecial(name))
  return isPlain ? Object.fromEntries(values) : { $table: values }
}

function isSpecial(name: string): boolean {
  return name.startsWith('$') || /^\d+$/.test(name)
}

function objectFromJson(
  json: null | readonly Json[] | { readonly [name: string]: Json },
  depth: number,
): FieldValue | undefined {
  if (json === null) return { type: 'void', value: null }
  if (isList(json)) {
    const values = json.map((item) => fromJson(item, depth + 1))
    return values.includes(undefined) ? undefined : { type: 'array', value: values as FieldValue[] }
  }
  const entries = Object.entries(json)
  const [first] = entries
  if (entries.length === 1 && first?.[0].startsWith('$')) {
    return fromWrapped(first[0].slice(1), first[1], depth)
  }
  return tableFromJson(entries, depth)
}

function fromWrapped(type: string, json: Json, depth: number): FieldValue | undefined {
  if (type === 'table') {
    return isList(json) ? tableFromJson(json.filter(isPair), depth) : undefined
  }
  if (typeof json !== 'string') return undefined
  if (type === 'binary' || type === 'longstr') return { type, value: Buffer.from(json, 'base64') }
  if (type === 'decimal') return parseDecimal(json)
  return isNumberType(type) ? parseNumber(type, json) : undefined
}

function tableFromJson(
  pairs: readonly (readonly [string, Json])[],
  depth: number,
): FieldValue | undefined {
  const entries: FieldEntry[] = []
  for (const [name, json] of pairs) {
    const value = fromJson(json, depth + 1)
    if (value === undefined || Buffer.byteLength(name) > nameBytesMax) return undefined
    entries.push({ name, value })
  }
  return { type: 'table', value: new FieldTable(entries) }
}

function isPair(json: Json): json is readonly [string, Json] {
  return isList(json) && json.length === 2 && typeof json[0] === 'string'
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json)
}
