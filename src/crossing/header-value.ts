// One header value on its way across: text and bytes as they are, numbers and booleans as text, nested
// values as JSON. Bytes alone mean: null → void, UTF-8 → longstr, else binary; every other type has to
// be noted beside the value.
import { isUtf8 } from 'node:buffer'
import type { FieldType, FieldValue } from '../record/message/field-table.ts'
import { fromJson, type Json, toJson } from './extended-json.ts'
import { decimalText, isNumberType, numberText, parseDecimal, parseNumber } from './number-text.ts'

/** The value as bytes; null for void. */
export function toKafkaValue(field: FieldValue): Buffer | null {
  switch (field.type) {
    case 'void':
      return null
    case 'longstr':
    case 'binary':
      return typeof field.value === 'string' ? Buffer.from(field.value) : field.value
    default:
      return Buffer.from(textOf(field))
  }
}

/** The type that bytes without a note have. */
export function plainType(bytes: Buffer | null): FieldType {
  if (bytes === null) return 'void'
  return isUtf8(bytes) ? 'longstr' : 'binary'
}

/** The value of `type`, or, when the bytes are not one, of the type they have without a note. */
export function toFieldValue(bytes: Buffer | null, type: string | undefined): FieldValue {
  const typed = type === undefined ? undefined : parseAs(type, bytes)
  return typed ?? plainValue(bytes)
}

function plainValue(bytes: Buffer | null): FieldValue {
  if (bytes === null) return { type: 'void', value: null }
  return { type: isUtf8(bytes) ? 'longstr' : 'binary', value: bytes }
}

function textOf(
  field: Exclude<FieldValue, { readonly type: 'void' | 'longstr' | 'binary' }>,
): string {
  switch (field.type) {
    case 'bool':
      return String(field.value)
    case 'array':
    case 'table':
      return JSON.stringify(toJson(field))
    case 'decimal':
      return decimalText(field.value.unscaled, field.value.scale)
    default:
      return numberText(field.value)
  }
}

function parseAs(type: string, bytes: Buffer | null): FieldValue | undefined {
  if (bytes === null) return undefined
  if (type === 'longstr' || type === 'binary') return { type, value: bytes }
  const text = bytes.toString()
  const parsed = parseText(type, text)
  // Only what this side would have written: then it comes back the same.
  return parsed !== undefined && toKafkaValue(parsed)?.equals(bytes) === true ? parsed : undefined
}

function parseText(type: string, text: string): FieldValue | undefined {
  if (type === 'bool') return { type, value: text === 'true' }
  if (type === 'decimal') return parseDecimal(text)
  if (isNumberType(type)) return parseNumber(type, text)
  if (type !== 'array' && type !== 'table') return undefined
  try {
    const value = fromJson(JSON.parse(text) as Json)
    return value?.type === type ? value : undefined
  } catch {
    return undefined
  }
}
