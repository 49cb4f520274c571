// When a stored message may be delivered: its first header, which the crossing writes for records of Kafka whose headers
// ask for a delay. It is looked for nowhere else, so that messages without it pay for a glance.
import { readInt64 } from '../../lib/int64.ts'
import { deliverAtHeader } from '../delivery-headers.ts'
import { CONTENT_HEADER_SIZE_MIN, readPriority, readPropertyFlags } from './content-header.ts'
import { TAG_LONG } from './field-tag.ts'
import {
  PROPERTY_CONTENT_ENCODING,
  PROPERTY_CONTENT_TYPE,
  PROPERTY_EXPIRATION,
  PROPERTY_HEADERS,
  PROPERTY_PRIORITY,
} from './properties.gen.ts'
import type { RecordSource } from './record-source.ts'
import type { RecordView } from './record-view.ts'
import { isNameAt, valueOfEntry } from './scan-table.ts'

/** The size of a table's length. */
const lengthSize = 4

/** In milliseconds since the Unix epoch; 0 for at once. */
export function readDeliverAt({ buffer, headerStart, headerEnd }: RecordView): number {
  return deliverAtIn(buffer, headerStart, headerEnd)
}

/** Whether a message says when it is to be delivered, until when, or that it goes before others. */
export function asksForDelivery({ header, headerStart, headerEnd }: RecordSource): boolean {
  const flags = readPropertyFlags(header, headerStart)
  if ((flags & PROPERTY_EXPIRATION) !== 0) return true
  if ((flags & PROPERTY_PRIORITY) !== 0 && readPriority(header, headerStart, headerEnd) !== 0) {
    return true
  }
  return (flags & PROPERTY_HEADERS) !== 0 && deliverAtIn(header, headerStart, headerEnd) > 0
}

function deliverAtIn(buffer: Buffer, headerStart: number, headerEnd: number): number {
  const flags = readPropertyFlags(buffer, headerStart)
  if ((flags & PROPERTY_HEADERS) === 0) return 0
  let at = headerStart + CONTENT_HEADER_SIZE_MIN
  if ((flags & PROPERTY_CONTENT_TYPE) !== 0) at += 1 + buffer[at]!
  if ((flags & PROPERTY_CONTENT_ENCODING) !== 0) at += 1 + buffer[at]!
  at += lengthSize
  if (at >= headerEnd || !isNameAt(buffer, at, deliverAtHeader)) return 0
  const value = valueOfEntry(buffer, at)
  return buffer[value] === TAG_LONG ? readInt64(buffer, value + 1) : 0
}
