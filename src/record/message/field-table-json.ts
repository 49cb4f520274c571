// The JSON form of a field table, as the log's topology entries and their view keep it: each value as
// `[name, type, value]`, in order. What JSON does not have is written as text (large integers,
// infinities), or as base64 (bytes).
import {
  type Decimal,
  emptyTable,
  type FieldEntry,
  FieldTable,
  type FieldType,
  type FieldValue,
} from './field-table.ts'

type Json = string | number | boolean | null | readonly Json[]

export type FieldTableJson = readonly (readonly [name: string, type: FieldType, value: Json])[]

/** `fieldTableFromJson` restores the same table. */
export function fieldTableToJson(table: FieldTable): FieldTableJson {
  return table.entries.map(({ name, value }) => [name, value.type, valueToJson(value)])
}

/** Throws TypeError when `json` is not what `fieldTableToJson` makes. */
export function fieldTableFromJson(json: unknown): FieldTable {
  if (!Array.isArray(json)) throw malformed('field table', json)
  if (json.length === 0) return emptyTable
  return new FieldTable((json as unknown[]).map(entryFromJson))
}

function entryFromJson(entry: unknown): FieldEntry {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') throw malformed('field', entry)
  return { name: entry[0], value: valueFromJson(entry[1], entry[2]) }
}

function valueToJson(field: FieldValue): Json {
  switch (field.type) {
    case 'table':
      return fieldTableToJson(field.value)
    case 'array':
      return field.value.map((item) => [item.type, valueToJson(item)])
    case 'longstr':
      return typeof field.value === 'string' ? field.value : [field.value.toString('base64')]
    case 'binary':
      return field.value.toString('base64')
    case 'decimal':
      return [field.value.scale, field.value.unscaled]
    case 'float':
    case 'double':
      return floatToJson(field.value)
    case 'bool':
    case 'void':
      return field.value
    default:
      return typeof field.value === 'bigint' ? field.value.toString() : field.value
  }
}

function valueFromJson(type: unknown, value: unknown): FieldValue {
  switch (type as FieldType) {
    case 'longstr':
      return { type: 'longstr', value: longstrFromJson(value) }
    case 'bool':
      if (typeof value === 'boolean') return { type: 'bool', value }
      break
    case 'void':
      return { type: 'void', value: null }
    case 'table':
      return { type: 'table', value: fieldTableFromJson(value) }
    case 'array':
      return arrayFromJson(value)
    case 'binary':
      if (typeof value === 'string') return { type: 'binary', value: Buffer.from(value, 'base64') }
      break
    case 'decimal':
      return { type: 'decimal', value: decimalFromJson(value) }
    default:
      return numberFromJson(type, value)
  }
  throw malformed(`value of type '${String(type)}'`, value)
}

/** Text, or in an array the base64 of bytes that are no text. */
function longstrFromJson(value: unknown): string | Buffer {
  if (typeof value === 'string') return value
  const [bytes] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof bytes !== 'string') throw malformed("value of type 'longstr'", value)
  return Buffer.from(bytes, 'base64')
}

function arrayFromJson(value: unknown): FieldValue {
  if (!Array.isArray(value)) throw malformed('array', value)
  const items = (value as unknown[]).map((item) => {
    if (!Array.isArray(item)) throw malformed('array item', item)
    return valueFromJson(item[0], item[1])
  })
  return { type: 'array', value: items }
}

function decimalFromJson(value: unknown): Decimal {
  const [scale, unscaled] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof scale !== 'number' || typeof unscaled !== 'number') throw malformed('decimal', value)
  return { scale, unscaled }
}

function numberFromJson(type: unknown, value: unknown): FieldValue {
  switch (type as FieldType) {
    case 'float':
    case 'double':
      return { type: type as 'double', value: floatFromJson(value) }
    case 'long':
    case 'timestamp':
      if (typeof value === 'string') return { type: type as 'long', value: BigInt(value) }
      if (typeof value === 'number') return { type: type as 'long', value }
      break
    case 'byte':
    case 'short':
    case 'signedint':
    case 'unsignedbyte':
    case 'unsignedshort':
    case 'unsignedint':
      if (typeof value === 'number') return { type: type as 'signedint', value }
      break
    default:
      throw malformed('type', type)
  }
  throw malformed(`value of type '${String(type)}'`, value)
}

// JSON has no NaN, no infinities and no negative zero.
function floatToJson(value: number): Json {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

function floatFromJson(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'string') throw malformed('number', value)
  return Number(value)
}

function malformed(what: string, value: unknown): TypeError {
  return new TypeError(`Cannot read ${what}: received ${JSON.stringify(value) ?? 'nothing'}`)
}
