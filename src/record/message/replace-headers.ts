// A message's content header with other headers in it; all its other bytes stay as they are.
import type { HeaderPayload } from './add-headers.ts'
import {
  CONTENT_FLAGS_POSITION,
  CONTENT_HEADER_SIZE_MIN,
  readPropertyFlags,
  rangeOfProperty,
} from './content-header.ts'
import type { FieldTable } from './field-table.ts'
import { PROPERTY_EXPIRATION, PROPERTY_HEADERS } from './properties.gen.ts'
import { encodeFieldTable } from './write-field-table.ts'

/** A copy of the payload with other headers, and maybe without its expiration. */
export function replaceHeaders(
  { buffer, start, end }: HeaderPayload,
  headers: FieldTable,
  { keepsExpiration }: { readonly keepsExpiration: boolean },
): Buffer {
  const flags = readPropertyFlags(buffer, start)
  const table = rangeOfProperty(buffer, start, PROPERTY_HEADERS)
  const parts: Buffer[] = [
    buffer.subarray(start + CONTENT_HEADER_SIZE_MIN, table.start),
    encodeFieldTable(headers),
  ]
  const head = Buffer.from(buffer.subarray(start, start + CONTENT_HEADER_SIZE_MIN))
  if (keepsExpiration) {
    parts.push(buffer.subarray(table.end, end))
    head.writeUInt16BE(flags | PROPERTY_HEADERS, CONTENT_FLAGS_POSITION)
  } else {
    const expiration = rangeOfProperty(buffer, start, PROPERTY_EXPIRATION)
    parts.push(buffer.subarray(table.end, expiration.start), buffer.subarray(expiration.end, end))
    head.writeUInt16BE((flags | PROPERTY_HEADERS) & ~PROPERTY_EXPIRATION, CONTENT_FLAGS_POSITION)
  }
  return Buffer.concat([head, ...parts])
}
