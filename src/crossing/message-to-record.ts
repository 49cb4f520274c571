// A message as a Kafka record. The names are those of crossing-map.ts; everything is taken as bytes, so
// that text in any encoding comes back as it was.
import { isUtf8 } from 'node:buffer'
import type { NewRecord, RecordHeader } from '../record/batch/batch-builder.ts'
import { deliverAtHeader } from '../record/delivery-headers.ts'
import { CONTENT_HEADER_SIZE_MIN, readPropertyFlags } from '../record/message/content-header.ts'
import type { FieldType } from '../record/message/field-table.ts'
import { TAG_LONGSTR } from '../record/message/field-tag.ts'
import { PROPERTY_HEADERS, PROPERTY_TIMESTAMP } from '../record/message/properties.gen.ts'
import { readFieldValue, readTimestamp } from '../record/message/read-field-table.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { WireReader } from '../record/message/wire-reader.ts'
import { kafkaHeader, mappedProperties, messageHeader } from './crossing-map.ts'
import { toKafkaName } from './crossing-names.ts'
import { HeaderTypesWriter } from './header-types.ts'
import { plainType, toKafkaValue } from './header-value.ts'
import { impliedKey } from './message-key.ts'

interface Entry {
  /** In Latin-1. */
  readonly name: string
  readonly bytes: Buffer | null
  readonly type: FieldType
  /** Whether the bytes alone say the type. */
  readonly isPlain: boolean
}

/** One object for all records of a run: `take` describes the next message. */
export class MessageToRecord implements NewRecord {
  offset = -1
  timestamp = -1
  key: Buffer | null = null
  value: Buffer | null = null
  headers: RecordHeader[] = []
  readonly #reader = new WireReader()
  readonly #types = new HeaderTypesWriter()
  #entries: Entry[] = []
  /** A table without entries is not the same as no table. */
  #isTableEmpty = false
  #seconds: string | undefined

  /** `home` is the address of messages that came without one. The views must stay as they are. */
  take(view: RecordView, home: Buffer): void {
    this.offset = view.offset
    this.timestamp = view.timestamp
    this.headers = []
    const properties = this.#readProperties(view)
    this.#takeDeliverAt()
    const isFromKafka = this.#isFromKafka(view, home)
    if (!isFromKafka) this.#addAddress(view)
    for (const property of properties) {
      if (!isFromKafka || property.key !== timestampHeader) this.headers.push(property)
    }
    if (isFromKafka && this.timestamp >= 0) this.#entries.shift()
    this.#takeKey(view, isFromKafka)
    this.#takeValue(view)
    this.#addHeaders()
  }

  #readProperties(view: RecordView): RecordHeader[] {
    const { buffer, headerStart, headerEnd } = view
    const reader = this.#reader
    reader.reset(buffer, headerStart + CONTENT_HEADER_SIZE_MIN, headerEnd)
    this.#entries = []
    this.#seconds = undefined
    const flags = readPropertyFlags(buffer, headerStart)
    this.#isTableEmpty = false
    const properties: RecordHeader[] = []
    let isTableRead = (flags & PROPERTY_HEADERS) === 0
    for (const { flag, header, form } of mappedProperties) {
      if (flag < PROPERTY_HEADERS && !isTableRead) {
        this.#readTable()
        isTableRead = true
      }
      if ((flags & flag) === 0) continue
      const value = form === 'bytes' ? this.#shortBytes() : this.#number(form)
      if (flag === PROPERTY_TIMESTAMP) this.#seconds = value.toString()
      properties.push({ key: header, value })
    }
    return properties
  }

  /** Its place is before all that is known of a record. */
  #takeDeliverAt(): void {
    const [first] = this.#entries
    if (first?.name !== deliverAtHeader || first.type !== 'long') return
    this.#entries.shift()
    this.headers.push({ key: deliverAtHeader, value: first.bytes })
  }

  #shortBytes(): Buffer {
    const reader = this.#reader
    const size = reader.octet()
    const start = reader.advance(size)
    return reader.buffer.subarray(start, start + size)
  }

  #number(form: 'u8' | 'u64'): Buffer {
    const value = form === 'u8' ? this.#reader.octet() : readTimestamp(this.#reader)
    return Buffer.from(String(value))
  }

  #readTable(): void {
    const reader = this.#reader
    const outerLimit = reader.enter(0)
    while (reader.position < reader.limit) {
      const name = this.#shortBytes().toString('latin1')
      this.#entries.push(this.#readEntry(name))
    }
    reader.leave(outerLimit, 0)
    this.#isTableEmpty = this.#entries.length === 0
  }

  #readEntry(name: string): Entry {
    const reader = this.#reader
    if (reader.buffer[reader.position] === TAG_LONGSTR) {
      reader.advance(1)
      const bytes = reader.longstr()
      return { name, bytes, type: 'longstr', isPlain: isUtf8(bytes) }
    }
    const field = readFieldValue(reader)
    const bytes = toKafkaValue(field)
    return { name, bytes, type: field.type, isPlain: plainType(bytes) === field.type }
  }

  /** Whether the message looks exactly as a record of a Kafka producer looks when it comes across. */
  #isFromKafka(view: RecordView, home: Buffer): boolean {
    const { buffer, addressStart, headerStart, timestamp } = view
    const isHome = buffer.compare(home, 0, home.length, addressStart, headerStart) === 0
    if (!isHome) return false
    if (timestamp < 0) return this.#seconds === undefined
    const first = this.#entries[0]
    return (
      this.#seconds === String(Math.floor(timestamp / 1000)) &&
      first?.name === messageHeader.timestamp &&
      first.type === 'long' &&
      first.bytes?.toString() === String(timestamp)
    )
  }

  #addAddress({ buffer, addressStart }: RecordView): void {
    const exchangeEnd = addressStart + 1 + buffer[addressStart]!
    const keyEnd = exchangeEnd + 1 + buffer[exchangeEnd]!
    this.headers.push(
      { key: kafkaHeader.exchange, value: buffer.subarray(addressStart + 1, exchangeEnd) },
      { key: kafkaHeader.routingKey, value: buffer.subarray(exchangeEnd + 1, keyEnd) },
    )
  }

  #takeKey({ buffer, addressStart }: RecordView, isFromKafka: boolean): void {
    const implied = isFromKafka ? undefined : impliedKey(buffer, addressStart)
    const index = this.#entries.findIndex(({ name }) => name === messageHeader.key)
    const entry = this.#entries[index]
    if (entry === undefined) {
      this.key = implied ?? null
      return
    }
    this.#entries.splice(index, 1)
    this.key = entry.bytes
    const isAsImplied = entry.bytes === null || implied?.equals(entry.bytes) === true
    if (entry.isPlain && !isAsImplied) return
    this.headers.push({ key: kafkaHeader.keyType, value: Buffer.from(entry.type) })
  }

  #takeValue({ body, bodyStart, bodyEnd }: RecordView): void {
    this.value = body.subarray(bodyStart, bodyEnd)
    if (bodyEnd > bodyStart) return
    const index = this.#entries.findIndex(
      ({ name, type, bytes }) =>
        name === messageHeader.tombstone && type === 'bool' && bytes?.toString() === 'true',
    )
    if (index < 0) return
    this.#entries.splice(index, 1)
    this.value = null
  }

  #addHeaders(): void {
    const headers: RecordHeader[] = []
    for (const { name, bytes, type, isPlain } of this.#entries) {
      const kafkaName = toKafkaName(name)
      this.#types.add(kafkaName, isPlain ? null : type)
      headers.push({ key: Buffer.from(kafkaName, 'latin1'), value: bytes })
    }
    const types = this.#types.finish() ?? (this.#isTableEmpty ? '{}' : undefined)
    if (types !== undefined) {
      this.headers.push({ key: kafkaHeader.headerTypes, value: Buffer.from(types) })
    }
    this.headers.push(...headers)
  }
}

const timestampHeader: string =
  mappedProperties.find(({ flag }) => flag === PROPERTY_TIMESTAMP)?.header ?? ''
