// Content headers of class basic (AMQP 0-9-1 §4.2.6), read from the raw payload of a header frame:
//
//   0          2        4           12               14
//   +----------+--------+-----------+----------------+----------------+
//   | class id | weight | body size | property flags | property list  |
//   +----------+--------+-----------+----------------+----------------+
//     short      short    longlong        short         in flag order
//
// The broker keeps these bytes as they came. Functions that read one property skip to it and allocate
// nothing but its value; `[start, end)` is always the whole payload. They throw CodecError, which
// cannot happen after `validateContentHeader` has accepted the payload.
import { CodecError } from '../codec-error.ts'
import type { FieldTable, FieldValue } from './field-table.ts'
import { sizeOfName } from './name-bytes.ts'
import {
  basicProperties,
  CLASS_BASIC,
  PROPERTY_CORRELATION_ID,
  PROPERTY_DELIVERY_MODE,
  PROPERTY_EXPIRATION,
  PROPERTY_HEADERS,
  PROPERTY_MESSAGE_ID,
  PROPERTY_PRIORITY,
  PROPERTY_REPLY_TO,
  PROPERTY_TIMESTAMP,
  PROPERTY_USER_ID,
  type BasicProperties,
  type PropertyField,
} from './properties.gen.ts'
import {
  readFieldTable,
  readFieldValue,
  readTimestamp as readTimestampValue,
  skipFieldTable,
} from './read-field-table.ts'
import { endOfValue, isNameAt, valueOfEntry } from './scan-table.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'
import { fieldTableSize, writeFieldTable } from './write-field-table.ts'

/** A decoded content header. */
export interface ContentHeader {
  /** Bytes of body that follow; rounded above 2^53. */
  readonly bodySize: number
  readonly properties: BasicProperties
}

/** Where the word of property flags is. */
export const CONTENT_FLAGS_POSITION = 12
/** Bytes before the property list. */
export const CONTENT_HEADER_SIZE_MIN = 14

const DELIVERY_MODE_PERSISTENT = 2
/** Set when a second word of flags follows; class basic has no property there. */
const FLAG_CONTINUATION = 0x0001

const reader = new WireReader()
const writer = new WireWriter()

/**
 * Checks the whole payload as decoding would, without decoding. CodecError `frame_error` when it is
 * too short, `unexpected_frame` for another class or weight, `syntax_error` for its properties.
 */
export function validateContentHeader(buffer: Buffer, start: number, end: number): void {
  const flags = openProperties(buffer, start, end)
  for (const property of basicProperties) {
    if ((flags & property.flag) !== 0) {
      skipProperty(property)
    }
  }
  reader.expectEnd()
  reader.release()
}

/** The word of property flags of a payload that has been validated. */
export function readPropertyFlags(buffer: Buffer, start: number): number {
  const at = start + CONTENT_FLAGS_POSITION
  return (buffer[at]! << 8) | buffer[at + 1]!
}

/** Body size of a payload of at least 12 bytes; rounded above 2^53. */
export function readBodySize(buffer: Buffer, start: number): number {
  return buffer.readUInt32BE(start + 4) * 0x1_0000_0000 + buffer.readUInt32BE(start + 8)
}

/** Whether the delivery mode is 2. */
export function isPersistent(buffer: Buffer, start: number, end: number): boolean {
  return readDeliveryMode(buffer, start, end) === DELIVERY_MODE_PERSISTENT
}

export function readDeliveryMode(buffer: Buffer, start: number, end: number): number | undefined {
  return seek(buffer, start, end, PROPERTY_DELIVERY_MODE) ? reader.octet() : undefined
}

export function readPriority(buffer: Buffer, start: number, end: number): number | undefined {
  return seek(buffer, start, end, PROPERTY_PRIORITY) ? reader.octet() : undefined
}

export function readCorrelationId(buffer: Buffer, start: number, end: number): string | undefined {
  return seek(buffer, start, end, PROPERTY_CORRELATION_ID) ? reader.lenientShortstr() : undefined
}

export function readReplyTo(buffer: Buffer, start: number, end: number): string | undefined {
  return seek(buffer, start, end, PROPERTY_REPLY_TO) ? reader.lenientShortstr() : undefined
}

export function readExpiration(buffer: Buffer, start: number, end: number): string | undefined {
  return seek(buffer, start, end, PROPERTY_EXPIRATION) ? reader.lenientShortstr() : undefined
}

export function readMessageId(buffer: Buffer, start: number, end: number): string | undefined {
  return seek(buffer, start, end, PROPERTY_MESSAGE_ID) ? reader.lenientShortstr() : undefined
}

/** Seconds since the Unix epoch; a bigint when no number is exact. */
export function readTimestamp(
  buffer: Buffer,
  start: number,
  end: number,
): number | bigint | undefined {
  return seek(buffer, start, end, PROPERTY_TIMESTAMP) ? readTimestampValue(reader) : undefined
}

export function readUserId(buffer: Buffer, start: number, end: number): string | undefined {
  return seek(buffer, start, end, PROPERTY_USER_ID) ? reader.lenientShortstr() : undefined
}

export function readHeaders(buffer: Buffer, start: number, end: number): FieldTable | undefined {
  return seek(buffer, start, end, PROPERTY_HEADERS) ? readFieldTable(reader) : undefined
}

/** The first header called `name`, which must be ASCII; no other header is decoded. */
export function findHeader(
  buffer: Buffer,
  start: number,
  end: number,
  name: string,
): FieldValue | undefined {
  if (!seek(buffer, start, end, PROPERTY_HEADERS)) {
    return undefined
  }
  reader.enter(0)
  while (reader.position < reader.limit) {
    const entry = reader.position
    reader.position = valueOfEntry(buffer, entry)
    if (isNameAt(buffer, entry, name)) {
      return readFieldValue(reader)
    }
    reader.position = endOfValue(buffer, reader.position)
  }
  return undefined
}

/**
 * Where the bytes of a property are in a payload that has been validated, its length included; where it
 * would be, and nothing, when it is absent.
 */
export function rangeOfProperty(
  buffer: Buffer,
  start: number,
  wanted: number,
): { readonly start: number; readonly end: number } {
  const flags = readPropertyFlags(buffer, start)
  let position = start + CONTENT_HEADER_SIZE_MIN
  for (const { type, flag } of basicProperties) {
    const size = (flags & flag) === 0 ? 0 : sizeAt(buffer, position, type)
    if (flag === wanted) return { start: position, end: position + size }
    position += size
  }
  return { start: position, end: position }
}

function sizeAt(buffer: Buffer, position: number, type: PropertyField['type']): number {
  switch (type) {
    case 'shortstr':
      return 1 + buffer[position]!
    case 'octet':
      return 1
    case 'timestamp':
      return 8
    default:
      return 4 + buffer.readUInt32BE(position)
  }
}

/** Decodes everything. Short strings that are not UTF-8 are as `nameFromBytes` reads them: encoded they are the same. */
export function decodeContentHeader(buffer: Buffer, start: number, end: number): ContentHeader {
  reader.isExact = true
  try {
    return decodeContentHeaderAsText(buffer, start, end)
  } finally {
    reader.isExact = false
  }
}

/** The same for who needs texts: short strings that are not UTF-8 are read as Latin-1. */
export function decodeContentHeaderAsText(
  buffer: Buffer,
  start: number,
  end: number,
): ContentHeader {
  const flags = openProperties(buffer, start, end)
  const properties: Record<string, BasicProperties[keyof BasicProperties]> = {}
  for (const property of basicProperties) {
    if ((flags & property.flag) !== 0) {
      properties[property.name] = readProperty(property)
    }
  }
  reader.expectEnd()
  reader.release()
  return { bodySize: readBodySize(buffer, start), properties }
}

/** Encodes the payload of a header frame. Throws RangeError when a value does not fit its type. */
export function encodeContentHeader(bodySize: number, properties: BasicProperties): Buffer {
  const payload = Buffer.allocUnsafe(contentHeaderSize(properties))
  writer.reset(payload, 0)
  writer.short(CLASS_BASIC)
  writer.short(0)
  writer.longlong(bodySize)
  writer.short(flagsOf(properties))
  for (const property of basicProperties) {
    writeProperty(property, properties[property.name])
  }
  writer.release()
  return payload
}

/** Checks the fixed part and leaves the reader at the property list. */
function openProperties(buffer: Buffer, start: number, end: number): number {
  reader.reset(buffer, start, end)
  const classId = reader.short()
  const weight = reader.short()
  reader.advance(8)
  if (classId !== CLASS_BASIC || weight !== 0) {
    throw new CodecError(
      'unexpected_frame',
      `expected content header for class ${CLASS_BASIC}, got class ${classId} weight ${weight}`,
      start,
    )
  }
  return openFlags(buffer, start, end)
}

function openFlags(buffer: Buffer, start: number, end: number): number {
  reader.reset(buffer, start, end, 'syntax_error')
  reader.advance(CONTENT_FLAGS_POSITION)
  const flags = reader.short()
  if ((flags & FLAG_CONTINUATION) !== 0) {
    throw new CodecError(
      'syntax_error',
      'more property flags than class basic has',
      start + CONTENT_FLAGS_POSITION,
    )
  }
  return flags
}

/** Leaves the reader at the property with this flag; false when it is absent. */
function seek(buffer: Buffer, start: number, end: number, wanted: number): boolean {
  const flags = openFlags(buffer, start, end)
  if ((flags & wanted) === 0) {
    return false
  }
  for (const { type, flag } of basicProperties) {
    if (flag === wanted) {
      break
    }
    if ((flags & flag) !== 0) {
      reader.advance(rawSize(type))
    }
  }
  return true
}

/** Bytes of the property at the reader; its length prefix, if any, has been read. */
function rawSize(type: PropertyField['type']): number {
  switch (type) {
    case 'shortstr':
      return reader.octet()
    case 'octet':
      return 1
    case 'timestamp':
      return 8
    default:
      return reader.long()
  }
}

function skipProperty({ type }: PropertyField): void {
  if (type === 'table') {
    skipFieldTable(reader)
  } else {
    reader.advance(rawSize(type))
  }
}

function readProperty({ type }: PropertyField): string | number | bigint | FieldTable {
  switch (type) {
    case 'shortstr':
      return reader.lenientShortstr()
    case 'octet':
      return reader.octet()
    case 'timestamp':
      return readTimestampValue(reader)
    default:
      return readFieldTable(reader)
  }
}

function writeProperty(
  { type }: PropertyField,
  value: BasicProperties[keyof BasicProperties],
): void {
  if (value === undefined) {
    return
  }
  switch (type) {
    case 'shortstr':
      writer.shortstr(value as string)
      return
    case 'octet':
      writer.octet(value as number)
      return
    case 'timestamp':
      writer.timestamp(value as number | bigint)
      return
    case 'table':
      writeFieldTable(writer, value as FieldTable)
  }
}

function contentHeaderSize(properties: BasicProperties): number {
  let size = CONTENT_HEADER_SIZE_MIN
  for (const { name, type } of basicProperties) {
    const value = properties[name]
    if (value === undefined) {
      continue
    }
    if (type === 'shortstr') {
      size += 1 + sizeOfName(value as string)
    } else if (type === 'table') {
      size += fieldTableSize(value as FieldTable)
    } else {
      size += type === 'octet' ? 1 : 8
    }
  }
  return size
}

function flagsOf(properties: BasicProperties): number {
  let flags = 0
  for (const { name, flag } of basicProperties) {
    if (properties[name] !== undefined) {
      flags |= flag
    }
  }
  return flags
}
