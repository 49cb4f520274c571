// What a group could not process, as it goes to the dead letters: with headers that say where the record was and
// why it is there. The names are those of share groups in Kafka 4.4 (KIP-1191).
import { sizeWithHeaders, writeWithHeaders } from '../record/message/add-headers.ts'
import { encodeContentHeader } from '../record/message/content-header.ts'
import { type FieldEntry, FieldTable } from '../record/message/field-table.ts'
import { bytesOfName } from '../record/message/name-bytes.ts'
import { RecordView } from '../record/message/record-view.ts'
import { encodeFieldTable } from '../record/message/write-field-table.ts'

/** What the headers say. */
export interface ErrorHeaders {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly groupId: string
  /** How often members began at the record; undefined: nobody has counted, and no header says it. */
  readonly deliveryCount: number | undefined
  /** Why it is there, for people. */
  readonly message: string
}

const lengthSize = 4
const nothing = Buffer.alloc(0)
/** An empty body is a null value in Kafka. */
const tombstone: FieldEntry = { name: 'x-tombstone', value: { type: 'bool', value: true } }

/** `record` with those headers; without key and value, and with no other headers, unless `isCopied`. */
export function withErrorHeaders(
  record: RecordView,
  headers: ErrorHeaders,
  isCopied: boolean,
): RecordView {
  const dead = Object.assign(new RecordView(), record)
  const entries = encodeEntries(headers)
  const { addressStart, headerStart, headerEnd } = record
  const payload = isCopied
    ? { buffer: record.buffer, start: headerStart, end: headerEnd }
    : whole(encodeContentHeader(0, { headers: new FieldTable([tombstone]) }))
  const address = record.buffer.subarray(addressStart, headerStart)
  const buffer = Buffer.alloc(address.length + sizeWithHeaders(payload, entries))
  address.copy(buffer)
  dead.buffer = buffer
  dead.addressStart = 0
  dead.headerStart = address.length
  dead.headerEnd = writeWithHeaders(payload, entries, buffer, address.length)
  if (isCopied) return dead
  dead.body = nothing
  dead.bodyStart = 0
  dead.bodyEnd = 0
  dead.asideId = 0
  dead.hasDeaths = false
  return dead
}

function whole(buffer: Buffer): { buffer: Buffer; start: number; end: number } {
  return { buffer, start: 0, end: buffer.length }
}

function encodeEntries(headers: ErrorHeaders): Buffer {
  const { topic, partition, offset, groupId, deliveryCount, message } = headers
  const texts: Readonly<Record<string, string>> = {
    topic,
    partition: String(partition),
    offset: String(offset),
    group: groupId,
    ...(deliveryCount !== undefined && { 'delivery.count': String(deliveryCount) }),
    message,
  }
  const entries = Object.entries(texts).map(([name, text]): FieldEntry => {
    return { name: `__dlq.errors.${name}`, value: { type: 'longstr', value: bytesOfName(text) } }
  })
  return encodeFieldTable(new FieldTable(entries)).subarray(lengthSize)
}
