// Encodes field tables. Sizes are computed exactly first, so the buffer never grows.
import { writeInt64 } from '../../lib/int64.ts'
import type { FieldTable, FieldValue } from './field-table.ts'
import * as tag from './field-tag.ts'
import { sizeOfName } from './name-bytes.ts'
import { WireWriter } from './wire-writer.ts'

/** Encodes a table with its length prefix. Throws RangeError when a value does not fit its type. */
export function encodeFieldTable(value: FieldTable): Buffer {
  const encoded = Buffer.allocUnsafe(fieldTableSize(value))
  const writer = new WireWriter()
  writer.reset(encoded, 0)
  writeFieldTable(writer, value)
  return encoded
}

/** Bytes of a table with its length prefix. */
export function fieldTableSize(table: FieldTable): number {
  let size = 4
  for (const { name, value } of table.entries) {
    size += 1 + sizeOfName(name) + fieldValueSize(value)
  }
  return size
}

/** Writes a table with its length prefix; there must be room for `fieldTableSize` bytes. */
export function writeFieldTable(writer: WireWriter, table: FieldTable): void {
  const start = openNested(writer)
  for (const { name, value } of table.entries) {
    writer.shortstr(name)
    writeFieldValue(writer, value)
  }
  closeNested(writer, start)
}

/** Bytes of a value with its tag. */
export function fieldValueSize(field: FieldValue): number {
  switch (field.type) {
    case 'longstr':
    case 'binary':
      return 5 + Buffer.byteLength(field.value)
    case 'array':
      return field.value.reduce((size, item) => size + fieldValueSize(item), 5)
    case 'table':
      return 1 + fieldTableSize(field.value)
    default:
      return 1 + fixedSizes[field.type]
  }
}

const fixedSizes: Readonly<
  Record<Exclude<FieldValue['type'], 'longstr' | 'binary' | 'array' | 'table'>, number>
> = {
  void: 0,
  bool: 1,
  byte: 1,
  unsignedbyte: 1,
  short: 2,
  unsignedshort: 2,
  signedint: 4,
  unsignedint: 4,
  float: 4,
  decimal: 5,
  long: 8,
  timestamp: 8,
  double: 8,
}

/** Writes a value with its tag; there must be room for `fieldValueSize` bytes. */
export function writeFieldValue(writer: WireWriter, field: FieldValue): void {
  switch (field.type) {
    case 'longstr':
    case 'binary':
      writer.octet(field.type === 'binary' ? tag.TAG_BINARY : tag.TAG_LONGSTR)
      writer.longstr(field.value)
      return
    case 'bool':
      writer.octet(tag.TAG_BOOL)
      writer.octet(field.value ? 1 : 0)
      return
    case 'table':
      writer.octet(tag.TAG_TABLE)
      writeFieldTable(writer, field.value)
      return
    case 'array':
      writeArray(writer, field.value)
      return
    case 'decimal':
      writer.octet(tag.TAG_DECIMAL)
      writer.octet(field.value.scale)
      writer.long(field.value.unscaled)
      return
    case 'void':
      writer.octet(tag.TAG_VOID)
      return
    default:
      writeNumber(writer, field)
  }
}

type NumberValue = Exclude<
  FieldValue,
  { readonly type: 'longstr' | 'binary' | 'bool' | 'table' | 'array' | 'decimal' | 'void' }
>

function writeNumber(writer: WireWriter, field: NumberValue): void {
  const { buffer } = writer
  switch (field.type) {
    case 'signedint':
      writer.octet(tag.TAG_SIGNED_INT)
      writer.position = buffer.writeInt32BE(field.value, writer.position)
      return
    case 'unsignedint':
      writer.octet(tag.TAG_UNSIGNED_INT)
      writer.long(field.value)
      return
    case 'long':
      writer.octet(tag.TAG_LONG)
      writeLong(writer, field.value)
      return
    case 'timestamp':
      writer.octet(tag.TAG_TIMESTAMP)
      writer.timestamp(field.value)
      return
    case 'double':
      writer.octet(tag.TAG_DOUBLE)
      writer.position = buffer.writeDoubleBE(field.value, writer.position)
      return
    case 'float':
      writer.octet(tag.TAG_FLOAT)
      writer.position = buffer.writeFloatBE(field.value, writer.position)
      return
    default:
      writeSmallNumber(writer, field)
  }
}

function writeLong(writer: WireWriter, value: number | bigint): void {
  if (typeof value === 'bigint') {
    writer.position = writer.buffer.writeBigInt64BE(value, writer.position)
    return
  }
  writeInt64(writer.buffer, writer.position, value)
  writer.position += 8
}

type SmallNumber = Extract<
  FieldValue,
  { readonly type: 'byte' | 'unsignedbyte' | 'short' | 'unsignedshort' }
>

function writeSmallNumber(writer: WireWriter, field: SmallNumber): void {
  const { buffer } = writer
  switch (field.type) {
    case 'byte':
      writer.octet(tag.TAG_BYTE)
      writer.position = buffer.writeInt8(field.value, writer.position)
      return
    case 'unsignedbyte':
      writer.octet(tag.TAG_UNSIGNED_BYTE)
      writer.octet(field.value)
      return
    case 'short':
      writer.octet(tag.TAG_SHORT)
      writer.position = buffer.writeInt16BE(field.value, writer.position)
      return
    case 'unsignedshort':
      writer.octet(tag.TAG_UNSIGNED_SHORT)
      writer.short(field.value)
  }
}

function writeArray(writer: WireWriter, values: readonly FieldValue[]): void {
  writer.octet(tag.TAG_ARRAY)
  const start = openNested(writer)
  for (const value of values) {
    writeFieldValue(writer, value)
  }
  closeNested(writer, start)
}

function openNested(writer: WireWriter): number {
  writer.long(0)
  return writer.position
}

function closeNested(writer: WireWriter, start: number): void {
  writer.buffer.writeUInt32BE(writer.position - start, start - 4)
}
