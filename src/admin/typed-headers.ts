// Headers as JSON that loses nothing: a list in the order of the wire, with the type of each value in RabbitMQ's
// names. Numbers that JSON has no exact word for are text, and bytes are base64.
import { isDeeper } from '../definitions/item-reader.ts'
import { recordLimits } from '../limits/record.ts'
import { FieldTable, type FieldType, type FieldValue } from '../record/message/field-table.ts'
import { bytesOfName } from '../record/message/name-bytes.ts'

export interface TypedValue {
  readonly type: FieldType
  readonly value: unknown
  /** Of a longstr that is no UTF-8. */
  readonly encoding?: 'base64'
}

export interface TypedHeader extends TypedValue {
  readonly name: string
}

export function typedHeadersJson({ entries }: FieldTable): TypedHeader[] {
  return entries.map(({ name, value }) => ({ name, ...typedValueJson(value) }))
}

/** Throws TypeError for what no table holds; the text follows the name of what has the headers. */
export function readTypedHeaders(json: readonly unknown[]): FieldTable {
  // A table or list within another one is a list of objects.
  if (isDeeper(json, 2 * recordLimits.fieldTableDepthMax + 1)) {
    throw new TypeError('has too many tables within each other')
  }
  return readTable(json)
}

function typedValueJson(field: FieldValue): TypedValue {
  const { type } = field
  switch (type) {
    case 'table':
      return { type, value: typedHeadersJson(field.value) }
    case 'array':
      return { type, value: field.value.map(typedValueJson) }
    case 'longstr':
      return typeof field.value === 'string'
        ? { type, value: field.value }
        : { type, value: field.value.toString('base64'), encoding: 'base64' }
    case 'binary':
      return { type, value: field.value.toString('base64') }
    case 'decimal':
    case 'bool':
    case 'void':
      return { type, value: field.value }
    default:
      return { type, value: isExact(field.value) ? field.value : numberText(field.value) }
  }
}

function isExact(value: number | bigint): boolean {
  return typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)
}

function numberText(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function readTable(json: readonly unknown[]): FieldTable {
  return new FieldTable(
    json.map((entry) => {
      const { name } = objectOf(entry)
      if (typeof name !== 'string' || Buffer.byteLength(bytesOfName(name)) > 255) {
        throw new TypeError('has a header whose name is no text of at most 255 bytes')
      }
      return { name, value: readValue(entry) }
    }),
  )
}

const integers: ReadonlyMap<unknown, readonly [min: bigint, max: bigint]> = new Map([
  ['byte', [-128n, 127n]],
  ['unsignedbyte', [0n, 255n]],
  ['short', [-(2n ** 15n), 2n ** 15n - 1n]],
  ['unsignedshort', [0n, 2n ** 16n - 1n]],
  ['signedint', [-(2n ** 31n), 2n ** 31n - 1n]],
  ['unsignedint', [0n, 2n ** 32n - 1n]],
  ['long', [-(2n ** 63n), 2n ** 63n - 1n]],
  ['timestamp', [0n, 2n ** 64n - 1n]],
])

function readValue(entry: unknown): FieldValue {
  const { type, value, encoding } = objectOf(entry)
  const isBytes = type === 'binary' || (type === 'longstr' && encoding !== undefined)
  const read = isBytes
    ? readBytes(type, value)
    : (readNested(type, value) ?? readPlain(type, value))
  if (read !== undefined) return read
  throw new TypeError(`has a value that is no ${typeof type === 'string' ? type : 'typed value'}`)
}

function readNested(type: unknown, value: unknown): FieldValue | undefined {
  if (!Array.isArray(value)) return undefined
  if (type === 'table') return { type, value: readTable(value) }
  return type === 'array' ? { type, value: value.map(readValue) } : undefined
}

function readPlain(type: unknown, value: unknown): FieldValue | undefined {
  switch (type) {
    case 'longstr':
      return typeof value === 'string' && value.isWellFormed() ? { type, value } : undefined
    case 'bool':
      return typeof value === 'boolean' ? { type, value } : undefined
    case 'void':
      return value === null ? { type, value } : undefined
    default:
      return readNumber(type, value)
  }
}

function readNumber(type: unknown, value: unknown): FieldValue | undefined {
  if (type === 'decimal') return readDecimal(value)
  const range = integers.get(type)
  const isFloat = type === 'float' || type === 'double'
  const number = isFloat ? readFloat(value) : range && readInteger(value, range)
  return number === undefined ? undefined : ({ type, value: number } as FieldValue)
}

function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Readonly<Record<string, unknown>>
  }
  throw new TypeError(
    'has a value without a type: write {"name": …, "type": "longstr", "value": …}',
  )
}

function readBytes(type: 'binary' | 'longstr', value: unknown): FieldValue | undefined {
  const isBase64 = typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
  return isBase64 ? { type, value: Buffer.from(value, 'base64') } : undefined
}

function readDecimal(json: unknown): FieldValue | undefined {
  const { scale, unscaled } = objectOf(json)
  const isWithin = (value: unknown, max: number): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
  if (!isWithin(scale, 255) || !isWithin(unscaled, 2 ** 32 - 1)) return undefined
  return { type: 'decimal', value: { scale, unscaled } }
}

const floatWords: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
])

function readFloat(value: unknown): number | undefined {
  return typeof value === 'number' ? value : floatWords.get(value)
}

/** A number that JSON has lost digits of is none. */
function readInteger(
  value: unknown,
  [min, max]: readonly [bigint, bigint],
): number | bigint | undefined {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value)
  const isText = typeof value === 'string' && /^-?\d{1,20}$/.test(value)
  if (!isNumber && !isText) return undefined
  const exact = BigInt(value)
  if (exact < min || exact > max) return undefined
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
}
