// Decodes field tables, or walks them without decoding. Invariant: what one accepts the other accepts.
import { CodecError } from '../codec-error.ts'
import { FieldTable, type FieldEntry, type FieldValue } from './field-table.ts'
import * as tag from './field-tag.ts'
import { textAt, WireReader } from './wire-reader.ts'

/**
 * Decodes a table with its length prefix, which must fill `buffer[start, end)`. Throws CodecError,
 * `syntax_error` for everything inside the table.
 */
export function decodeFieldTable(buffer: Buffer, start: number, end: number): FieldTable {
  const reader = new WireReader()
  reader.reset(buffer, start, end)
  const decoded = readFieldTable(reader)
  reader.expectEnd()
  return decoded
}

/** Decodes the entries that fill `buffer[start, end)` without a length prefix, as AMQPLAIN sends. */
export function decodeTableEntries(buffer: Buffer, start: number, end: number): FieldTable {
  const reader = new WireReader()
  reader.reset(buffer, start, end, 'syntax_error')
  return new FieldTable(readEntries(reader, 0))
}

/** Reads a table with its length prefix. */
export function readFieldTable(reader: WireReader): FieldTable {
  return readTable(reader, 0)
}

/** Reads one value with its tag. */
export function readFieldValue(reader: WireReader): FieldValue {
  return readValue(reader, 0)
}

/** Moves past a table with its length prefix, checking all that decoding would check. */
export function skipFieldTable(reader: WireReader): void {
  skipTable(reader, 0)
}

/** Moves past one value with its tag, checking all that decoding would check. */
export function skipFieldValue(reader: WireReader): void {
  skipValue(reader, 0)
}

function readTable(reader: WireReader, depth: number): FieldTable {
  const outerLimit = reader.enter(depth)
  const entries = readEntries(reader, depth)
  reader.leave(outerLimit, depth)
  return new FieldTable(entries)
}

function readEntries(reader: WireReader, depth: number): FieldEntry[] {
  const entries: FieldEntry[] = []
  while (reader.position < reader.limit) {
    const name = reader.lenientShortstr()
    entries.push({ name, value: readValue(reader, depth) })
  }
  return entries
}

function readArray(reader: WireReader, depth: number): FieldValue[] {
  const outerLimit = reader.enter(depth)
  const values: FieldValue[] = []
  while (reader.position < reader.limit) {
    values.push(readValue(reader, depth))
  }
  reader.leave(outerLimit, depth)
  return values
}

function readValue(reader: WireReader, depth: number): FieldValue {
  const fieldTag = reader.octet()
  switch (fieldTag) {
    case tag.TAG_LONGSTR:
      return { type: 'longstr', value: readText(reader) }
    case tag.TAG_BOOL:
      return { type: 'bool', value: reader.octet() !== 0 }
    case tag.TAG_TABLE:
      return { type: 'table', value: readTable(reader, depth + 1) }
    case tag.TAG_ARRAY:
      return { type: 'array', value: readArray(reader, depth + 1) }
    case tag.TAG_BINARY:
      return { type: 'binary', value: Buffer.from(reader.longstr()) }
    case tag.TAG_VOID:
      return voidValue
    case tag.TAG_DECIMAL:
      return readDecimal(reader)
    default:
      return readNumber(reader, fieldTag)
  }
}

function readDecimal(reader: WireReader): FieldValue {
  const start = reader.advance(5)
  const { buffer } = reader
  const value = { scale: buffer.readUInt8(start), unscaled: buffer.readUInt32BE(start + 1) }
  return { type: 'decimal', value }
}

function readNumber(reader: WireReader, fieldTag: number): FieldValue {
  switch (fieldTag) {
    case tag.TAG_SIGNED_INT:
      return { type: 'signedint', value: reader.buffer.readInt32BE(reader.advance(4)) }
    case tag.TAG_LONG:
    case tag.TAG_LONG_ALIAS:
      return { type: 'long', value: readSigned64(reader) }
    case tag.TAG_TIMESTAMP:
      return { type: 'timestamp', value: readTimestamp(reader) }
    case tag.TAG_DOUBLE:
      return { type: 'double', value: reader.buffer.readDoubleBE(reader.advance(8)) }
    case tag.TAG_FLOAT:
      return { type: 'float', value: reader.buffer.readFloatBE(reader.advance(4)) }
    case tag.TAG_BYTE:
      return { type: 'byte', value: reader.buffer.readInt8(reader.advance(1)) }
    case tag.TAG_UNSIGNED_BYTE:
      return { type: 'unsignedbyte', value: reader.octet() }
    case tag.TAG_SHORT:
      return { type: 'short', value: reader.buffer.readInt16BE(reader.advance(2)) }
    case tag.TAG_UNSIGNED_SHORT:
      return { type: 'unsignedshort', value: reader.short() }
    case tag.TAG_UNSIGNED_INT:
      return { type: 'unsignedint', value: reader.long() }
    default:
      throw unknownTag(reader, fieldTag)
  }
}

const voidValue: FieldValue = { type: 'void', value: null }

/** UTF-8 as a string, other bytes as a copy. */
function readText(reader: WireReader): string | Buffer {
  const size = reader.long()
  const start = reader.advance(size)
  const end = start + size
  return textAt(reader.buffer, start, end) ?? Buffer.from(reader.buffer.subarray(start, end))
}

function readSigned64(reader: WireReader): number | bigint {
  const start = reader.advance(8)
  const { buffer } = reader
  const value = buffer.readInt32BE(start) * 0x1_0000_0000 + buffer.readUInt32BE(start + 4)
  return Number.isSafeInteger(value) ? value : buffer.readBigInt64BE(start)
}

/** Unsigned 64-bit seconds: a number when exact, else a bigint. */
export function readTimestamp(reader: WireReader): number | bigint {
  const value = reader.longlong()
  return Number.isSafeInteger(value) ? value : reader.buffer.readBigUInt64BE(reader.position - 8)
}

function skipTable(reader: WireReader, depth: number): void {
  const outerLimit = reader.enter(depth)
  while (reader.position < reader.limit) {
    reader.advance(reader.octet())
    skipValue(reader, depth)
  }
  reader.leave(outerLimit, depth)
}

function skipArray(reader: WireReader, depth: number): void {
  const outerLimit = reader.enter(depth)
  while (reader.position < reader.limit) {
    skipValue(reader, depth)
  }
  reader.leave(outerLimit, depth)
}

function skipValue(reader: WireReader, depth: number): void {
  const fieldTag = reader.octet()
  switch (fieldTag) {
    case tag.TAG_LONGSTR:
    case tag.TAG_BINARY:
      reader.advance(reader.long())
      return
    case tag.TAG_TABLE:
      skipTable(reader, depth + 1)
      return
    case tag.TAG_ARRAY:
      skipArray(reader, depth + 1)
      return
    default:
      reader.advance(fixedSize(reader, fieldTag))
  }
}

/** Bytes after each tag whose values all have one size. */
export const fixedSizes: ReadonlyMap<number, number> = new Map([
  [tag.TAG_VOID, 0],
  [tag.TAG_BOOL, 1],
  [tag.TAG_BYTE, 1],
  [tag.TAG_UNSIGNED_BYTE, 1],
  [tag.TAG_SHORT, 2],
  [tag.TAG_UNSIGNED_SHORT, 2],
  [tag.TAG_SIGNED_INT, 4],
  [tag.TAG_UNSIGNED_INT, 4],
  [tag.TAG_FLOAT, 4],
  [tag.TAG_DECIMAL, 5],
  [tag.TAG_LONG, 8],
  [tag.TAG_LONG_ALIAS, 8],
  [tag.TAG_TIMESTAMP, 8],
  [tag.TAG_DOUBLE, 8],
])

function fixedSize(reader: WireReader, fieldTag: number): number {
  const size = fixedSizes.get(fieldTag)
  if (size === undefined) {
    throw unknownTag(reader, fieldTag)
  }
  return size
}

function unknownTag(reader: WireReader, fieldTag: number): CodecError {
  return new CodecError('syntax_error', `unknown field type ${fieldTag}`, reader.position - 1)
}
