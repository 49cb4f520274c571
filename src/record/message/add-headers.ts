// Adds header entries to a content header without decoding it.
import { copyBytes } from '../../lib/copy-bytes.ts'
import { CONTENT_FLAGS_POSITION, CONTENT_HEADER_SIZE_MIN } from './content-header.ts'
import {
  PROPERTY_CONTENT_ENCODING,
  PROPERTY_CONTENT_TYPE,
  PROPERTY_HEADERS,
} from './properties.gen.ts'

const tableSizeSize = 4

/** A content header's payload: `buffer[start, end)`. */
export interface HeaderPayload {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** Most bytes that adding `entries` makes of a payload. */
export function sizeWithHeaders({ start, end }: HeaderPayload, entries: Buffer): number {
  return end - start + tableSizeSize + entries.length
}

/**
 * Writes a validated payload to `target` at `at` with encoded table entries at the end of its headers
 * table, which is made if there is none. Returns where it ends.
 */
export function writeWithHeaders(
  payload: HeaderPayload,
  entries: Buffer,
  target: Buffer,
  at: number,
): number {
  const { buffer, start, end } = payload
  const flags = buffer.readUInt16BE(start + CONTENT_FLAGS_POSITION)
  const tableStart = findTable(buffer, start, flags)
  const hasTable = (flags & PROPERTY_HEADERS) !== 0
  const entriesStart = hasTable ? tableStart + tableSizeSize : tableStart
  const entriesEnd = hasTable ? entriesStart + buffer.readUInt32BE(tableStart) : tableStart
  let position = copyBytes(buffer, start, start + CONTENT_FLAGS_POSITION, target, at)
  position = target.writeUInt16BE(flags | PROPERTY_HEADERS, position)
  position = copyBytes(buffer, start + CONTENT_HEADER_SIZE_MIN, tableStart, target, position)
  position = target.writeUInt32BE(entriesEnd - entriesStart + entries.length, position)
  position = copyBytes(buffer, entriesStart, entriesEnd, target, position)
  position = copyBytes(entries, 0, entries.length, target, position)
  return copyBytes(buffer, entriesEnd, end, target, position)
}

/** Where the headers table is, or would be: after the two properties that go before it. */
function findTable(buffer: Buffer, start: number, flags: number): number {
  let position = start + CONTENT_HEADER_SIZE_MIN
  if ((flags & PROPERTY_CONTENT_TYPE) !== 0) position += 1 + buffer[position]!
  if ((flags & PROPERTY_CONTENT_ENCODING) !== 0) position += 1 + buffer[position]!
  return position
}
