// A record that a share group could not process, as it is put among the dead letters: with headers that
// say where it was and why it died (KIP-1191; names of Kafka 4.4).
import { sizeWithHeaders, writeWithHeaders } from '../../record/message/add-headers.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { type FieldEntry, FieldTable } from '../../record/message/field-table.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { encodeFieldTable } from '../../record/message/write-field-table.ts'
import type { ShareDeath } from './dead-records.ts'

/** What the headers say. */
export interface DeadRecordFacts {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly groupId: string
  readonly deliveryCount: number
  readonly reason: ShareDeath
}

const messages: Readonly<Record<ShareDeath, string>> = {
  rejected: 'The record was rejected by a member of the group.',
  expired: 'The time to live of the record was over before a member got it.',
  delivery_limit: 'The record has been delivered as often as it may be.',
}
const lengthSize = 4
const nothing = Buffer.alloc(0)

/** `record` with those headers; without key and value, and with no other headers, unless `isCopied`. */
export function deadRecord(
  record: RecordView,
  facts: DeadRecordFacts,
  isCopied: boolean,
): RecordView {
  const dead = Object.assign(new RecordView(), record)
  const entries = encodeEntries(facts)
  const payload = isCopied
    ? { buffer: record.buffer, start: record.headerStart, end: record.headerEnd }
    : whole(encodeContentHeader(0, { headers: new FieldTable([tombstone]) }))
  const { addressStart, headerStart } = record
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

/** An empty body is a null value in Kafka. */
const tombstone: FieldEntry = { name: 'x-tombstone', value: { type: 'bool', value: true } }

function whole(buffer: Buffer): { buffer: Buffer; start: number; end: number } {
  return { buffer, start: 0, end: buffer.length }
}

function encodeEntries(facts: DeadRecordFacts): Buffer {
  const { topic, partition, offset, groupId, deliveryCount, reason } = facts
  const texts: Readonly<Record<string, string>> = {
    topic,
    partition: String(partition),
    offset: String(offset),
    group: groupId,
    'delivery.count': String(deliveryCount),
    message: messages[reason],
  }
  const entries = Object.entries(texts).map(([name, text]): FieldEntry => {
    return {
      name: `__dlq.errors.${name}`,
      value: { type: 'longstr', value: bytesOfName(text) },
    }
  })
  return encodeFieldTable(new FieldTable(entries)).subarray(lengthSize)
}
