// Field tables: message headers, and the arguments of exchanges, queues, bindings and consumers. Types
// and texts are those of RabbitMQ's dialect, which is not the letter table of AMQP 0-9-1 §4.2.1: `s` is a
// signed 16-bit number, `I` is signed, `L` is read as signed 64-bit and written as `l`, `D` is
// unsigned. Order and duplicate keys are kept. Decoded tables own their bytes.

/**
 * A value with its wire type, named as RabbitMQ names it in error texts. Text that is not UTF-8 is a
 * Buffer; a 64-bit integer is a number when that is exact, else a bigint. Timestamps are seconds.
 */
export type FieldValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: SmallIntegerType; readonly value: number }
  | { readonly type: 'signedint'; readonly value: number }
  | { readonly type: 'unsignedint'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'long'; readonly value: number | bigint }
  | { readonly type: 'timestamp'; readonly value: number | bigint }
  | { readonly type: 'decimal'; readonly value: Decimal }
  | { readonly type: 'longstr'; readonly value: string | Buffer }
  | { readonly type: 'binary'; readonly value: Buffer }
  | { readonly type: 'array'; readonly value: readonly FieldValue[] }
  | { readonly type: 'table'; readonly value: FieldTable }
  | { readonly type: 'void'; readonly value: null }

type SmallIntegerType = 'byte' | 'unsignedbyte' | 'short' | 'unsignedshort'

export type FieldType = FieldValue['type']

/** `unscaled` × 10^−`scale`. */
export interface Decimal {
  readonly scale: number
  readonly unscaled: number
}

export interface FieldEntry {
  readonly name: string
  readonly value: FieldValue
}

/** Named values in the order of the wire; a name may occur more than once. */
export class FieldTable {
  readonly entries: readonly FieldEntry[]

  constructor(entries: readonly FieldEntry[] = []) {
    this.entries = entries
  }

  /** The table with these values, in their order. */
  static from(values: Iterable<readonly [name: string, value: FieldValue]>): FieldTable {
    return new FieldTable(Array.from(values, ([name, value]) => ({ name, value })))
  }

  /** How many values it has. */
  get size(): number {
    return this.entries.length
  }

  /** The table with this value instead of all that have the name; without them for undefined. */
  with(name: string, value: FieldValue | undefined): FieldTable {
    const others = this.entries.filter((entry) => entry.name !== name)
    return new FieldTable(value === undefined ? others : [...others, { name, value }])
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** The first value with this name, or undefined. */
  get(name: string): FieldValue | undefined {
    for (const entry of this.entries) {
      if (entry.name === name) {
        return entry.value
      }
    }
    return undefined
  }

  /** The first value with this name when it is text in UTF-8, else undefined. */
  findText(name: string): string | undefined {
    return textOf(this.get(name))
  }
}

/** The text of a longstr in UTF-8; undefined for every other value. */
export function textOf(field: FieldValue | undefined): string | undefined {
  return field?.type === 'longstr' && typeof field.value === 'string' ? field.value : undefined
}

/** Type of a value as error texts name it: a longstr that is no text counts as bytes. */
export function typeNameOf(field: FieldValue): FieldType {
  return field.type === 'longstr' && typeof field.value !== 'string' ? 'binary' : field.type
}

/** The table without entries. */
export const emptyTable: FieldTable = new FieldTable()

/** Plain values from which `table` infers wire types. */
export type FieldInput =
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | null
  | FieldTable
  | readonly FieldInput[]
  | { readonly [name: string]: FieldInput }

/**
 * Builds a table: integers become signedint when they fit 32 bits, else long; other numbers double;
 * text longstr; a Buffer binary; null void. For other types build a FieldTable from entries.
 */
export function table(input: { readonly [name: string]: FieldInput }): FieldTable {
  return new FieldTable(
    Object.entries(input).map(([name, value]) => ({ name, value: fieldValue(value) })),
  )
}

/** The value `table` makes of one input. */
export function fieldValue(input: FieldInput): FieldValue {
  switch (typeof input) {
    case 'boolean':
      return { type: 'bool', value: input }
    case 'string':
      return { type: 'longstr', value: input }
    case 'bigint':
      return { type: 'long', value: input }
    case 'number':
      return numberValue(input)
    default:
      return objectValue(input)
  }
}

function numberValue(input: number): FieldValue {
  if (Number.isSafeInteger(input) && !Object.is(input, -0)) {
    return { type: input === (input | 0) ? 'signedint' : 'long', value: input }
  }
  return { type: 'double', value: input }
}

function objectValue(input: Exclude<FieldInput, boolean | number | bigint | string>): FieldValue {
  if (input === null) {
    return voidValue
  }
  if (Buffer.isBuffer(input)) {
    return { type: 'binary', value: input }
  }
  if (input instanceof FieldTable) {
    return { type: 'table', value: input }
  }
  return isArray(input)
    ? { type: 'array', value: input.map(fieldValue) }
    : { type: 'table', value: table(input) }
}

function isArray(input: unknown): input is readonly FieldInput[] {
  return Array.isArray(input)
}

const voidValue: FieldValue = { type: 'void', value: null }
