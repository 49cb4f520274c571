// Arguments in RabbitMQ's JSON, which has no types of fields: an integer is read as `long`, a number with a
// fraction as `double`. Text that is not UTF-8 is written as `name-bytes.ts` has it.
//
// Source: amqp_table and to_amqp_table of rabbit_misc.erl.
import { definitionsLimits } from '../limits/definitions.ts'
import { emptyTable, FieldTable, type FieldValue } from '../record/message/field-table.ts'
import { bytesOfName, nameFromBytes } from '../record/message/name-bytes.ts'
import { rawNumber, WholeDouble } from './exact-json.ts'

const longMin = -(2n ** 63n)
const longMax = 2n ** 63n - 1n
const timestampMax = 2n ** 64n - 1n

/** Throws TypeError for what no table holds; the text follows the name of what has the arguments. */
export function argumentsFromJson(json: unknown): FieldTable {
  // RabbitMQ writes an empty table as a list.
  if (json === undefined || (Array.isArray(json) && json.length === 0)) return emptyTable
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TypeError('should be an object')
  }
  return tableFromJson(json)
}

export function argumentsToJson({ entries }: FieldTable): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ name, value }) => [name, valueToJson(value)]))
}

function tableFromJson(json: object): FieldTable {
  return FieldTable.from(
    Object.entries(json).map(([name, value]) => [checkName(name), valueFromJson(value)]),
  )
}

function checkName(name: string): string {
  const { nameSizeMax } = definitionsLimits
  if (Buffer.byteLength(bytesOfName(name)) <= nameSizeMax) return name
  throw new TypeError(`has a name of more than ${nameSizeMax} bytes`)
}

function valueFromJson(json: unknown): FieldValue {
  switch (typeof json) {
    case 'string':
      return { type: 'longstr', value: bytesOfName(json) }
    case 'boolean':
      return { type: 'bool', value: json }
    case 'bigint':
      if (json >= longMin && json <= longMax) return { type: 'long', value: json }
      // Only a time is as large.
      if (json > longMax && json <= timestampMax) return { type: 'timestamp', value: json }
      throw new TypeError(`has a number that is too large: ${json}`)
    case 'number':
      return numberFromJson(json)
    default:
      return objectFromJson(json as object | null)
  }
}

function numberFromJson(json: number): FieldValue {
  // Text that stood for an integer was one of 53 bits, or is a bigint: this is no -0.
  if (Number.isInteger(json)) return { type: 'long', value: json + 0 }
  if (Number.isFinite(json)) return { type: 'double', value: json }
  throw new TypeError('has a number that is too large')
}

function objectFromJson(json: object | null): FieldValue {
  if (json === null) return { type: 'void', value: null }
  if (json instanceof WholeDouble) return { type: 'double', value: json.value }
  if (Array.isArray(json)) return { type: 'array', value: json.map(valueFromJson) }
  return { type: 'table', value: tableFromJson(json) }
}

function valueToJson(field: FieldValue): unknown {
  switch (field.type) {
    case 'table':
      return argumentsToJson(field.value)
    case 'array':
      return field.value.map(valueToJson)
    case 'longstr':
    case 'binary':
      return typeof field.value === 'string' ? field.value : nameFromBytes(field.value)
    case 'decimal':
      return doubleToJson(field.value.unscaled / 10 ** field.value.scale)
    case 'float':
    case 'double':
      return doubleToJson(field.value)
    default:
      return typeof field.value === 'bigint' ? rawNumber(String(field.value)) : field.value
  }
}

function doubleToJson(value: number): unknown {
  // JSON has none of these; RabbitMQ's values have them neither.
  if (!Number.isFinite(value)) return String(value)
  if (!Number.isInteger(value)) return value
  const text = Object.is(value, -0) ? '-0' : String(value)
  return rawNumber(text.includes('e') ? text : `${text}.0`)
}
