// How a field of a Kafka message appears in TypeScript: its type, its default, its conditions.
import { covers, isEmpty, type Field, type FieldType, type VersionRange } from './read-messages.ts'
import type { Message, PrimitiveName, Struct } from './read-messages.ts'

const typeScriptTypes: Readonly<Record<PrimitiveName, string>> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  float64: 'number',
  string: 'string',
  uuid: 'string',
  bytes: 'Buffer',
  records: 'Buffer',
}

/** The type of a field, with null when a version allows it. */
export function fieldTypeText(field: Field, message: Message): string {
  const text = typeText(field.type, message)
  return isEmpty(field.nullable) ? text : `${text} | null`
}

export function typeText(type: FieldType, message: Message): string {
  switch (type.kind) {
    case 'array':
      return `readonly ${typeText(type.item, message)}[]`
    case 'struct':
      return type.name
    default:
      // A fetch answers with batches that lie apart, a produce request has them in one piece.
      return type.name === 'records' && message.kind === 'response'
        ? 'RecordsParts'
        : typeScriptTypes[type.name]
  }
}

/** What the field is in a version that lacks it, and when a tagged field is not sent. */
export function defaultText(field: Field): string {
  if (field.default === 'null') return 'null'
  const { type } = field
  if (type.kind === 'array') return '[]'
  if (type.kind === 'struct') return `default${type.name}`
  switch (type.name) {
    case 'bool':
      return field.default ?? 'false'
    case 'string':
      return `'${field.default ?? ''}'`
    case 'uuid':
      return 'zeroUuid'
    case 'bytes':
    case 'records':
      return 'emptyBuffer'
    default:
      return numberText(field.default ?? '0')
  }
}

/** 64-bit numbers are rounded as they are on the wire. */
function numberText(text: string): string {
  const value = Number(text)
  return Number.isSafeInteger(value) ? String(value) : `2 ** ${Math.log2(value)}`
}

/** The field equals its default; `value` is an expression for it. */
export function isDefaultText(field: Field, value: string): string {
  const text = defaultText(field)
  if (text === '[]') return `${value}.length === 0`
  return text === 'emptyBuffer' ? `${value}.length === 0` : `${value} === ${text}`
}

/** A condition on `version`, or '' when all of `outer` is in `range`. */
export function conditionText(range: VersionRange, outer: VersionRange): string {
  if (covers(range, outer)) return ''
  const parts = []
  if (range.min > outer.min) parts.push(`version >= ${range.min}`)
  if (range.max < outer.max) parts.push(`version <= ${range.max}`)
  return parts.join(' && ')
}

/** Responses may leave out what has a default or is not in every version. */
export function isOptional(field: Field, struct: Struct, message: Message): boolean {
  if (message.kind !== 'response') return false
  return (
    field.tag !== undefined ||
    field.default !== undefined ||
    !covers(field.versions, struct.versions)
  )
}
