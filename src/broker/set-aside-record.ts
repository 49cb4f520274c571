// A record that a consumer group could not process, as it goes to the dead letters: with headers that say where it was.
// Names are those of share groups in Kafka 4.4 (KIP-1191).
import { sizeWithHeaders, writeWithHeaders } from '../record/message/add-headers.ts'
import { type FieldEntry, FieldTable } from '../record/message/field-table.ts'
import { bytesOfName } from '../record/message/name-bytes.ts'
import { RecordView } from '../record/message/record-view.ts'
import { encodeFieldTable } from '../record/message/write-field-table.ts'

export interface SetAsideFacts {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly groupId: string
  /** How often members began there; 0: nobody has counted. */
  readonly attempts: number
}

const lengthSize = 4

export function setAsideRecord(record: RecordView, facts: SetAsideFacts): RecordView {
  const dead = Object.assign(new RecordView(), record)
  const entries = encodeEntries(facts)
  const { addressStart, headerStart, headerEnd } = record
  const payload = { buffer: record.buffer, start: headerStart, end: headerEnd }
  const address = record.buffer.subarray(addressStart, headerStart)
  const buffer = Buffer.alloc(address.length + sizeWithHeaders(payload, entries))
  address.copy(buffer)
  dead.buffer = buffer
  dead.addressStart = 0
  dead.headerStart = address.length
  dead.headerEnd = writeWithHeaders(payload, entries, buffer, address.length)
  return dead
}

function encodeEntries({ topic, partition, offset, groupId, attempts }: SetAsideFacts): Buffer {
  const texts: Readonly<Record<string, string>> = {
    topic,
    partition: `${partition}`,
    offset: `${offset}`,
    group: groupId,
    ...(attempts > 0 && { 'delivery.count': `${attempts}` }),
    message:
      attempts > 0
        ? `Members of the group began at the record ${attempts} times and did not get further.`
        : 'An operator has set the record aside.',
  }
  const entries = Object.entries(texts).map(([name, text]): FieldEntry => {
    const value = { type: 'longstr', value: bytesOfName(text) } as const
    return { name: `__dlq.errors.${name}`, value }
  })
  return encodeFieldTable(new FieldTable(entries)).subarray(lengthSize)
}
