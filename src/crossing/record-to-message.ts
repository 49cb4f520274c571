// A Kafka record as a message: the reverse of message-to-record.ts. What a record claims by headers
// with names of crossing-map.ts becomes the message's own, if its value can be that.
import { isUtf8 } from 'node:buffer'
import { writeInt64 } from '../lib/int64.ts'
import { crossingLimits } from '../limits/crossing.ts'
import type { RecordReader } from '../record/batch/record-reader.ts'
import {
  delayOf,
  deliverAfterHeader,
  deliverAtHeader,
  deliverAtOf,
  priorityHeader,
  timeOf,
  ttlHeader,
  wholeNumberOf,
} from '../record/delivery-headers.ts'
import { CONTENT_HEADER_SIZE_MIN } from '../record/message/content-header.ts'
import type { FieldValue } from '../record/message/field-table.ts'
import { setAddress, setHeader } from '../record/message/fill-source.ts'
import {
  CLASS_BASIC,
  PROPERTY_EXPIRATION,
  PROPERTY_HEADERS,
  PROPERTY_PRIORITY,
  PROPERTY_TIMESTAMP,
} from '../record/message/properties.gen.ts'
import { RecordSource } from '../record/message/record-source.ts'
import { SHORTSTR_BYTES_MAX, WireWriter } from '../record/message/wire-writer.ts'
import { fieldValueSize, writeFieldValue } from '../record/message/write-field-table.ts'
import {
  kafkaHeader,
  type MappedProperty,
  mappedProperties,
  messageHeader,
  type PropertyForm,
} from './crossing-map.ts'
import { toMessageName } from './crossing-names.ts'
import { HeaderTypesReader } from './header-types.ts'
import { toFieldValue } from './header-value.ts'
import { impliedKey } from './message-key.ts'

/** What a Kafka header's name means; looked up once per batch. */
interface HeaderMeaning {
  /** In Latin-1. */
  readonly name: string
  readonly property: MappedProperty | undefined
  /** One of the other parts of a message. */
  readonly isPart: boolean
  /** What it is called when it is only a header. */
  readonly messageName: Buffer
}

interface KafkaHeader {
  readonly meaning: HeaderMeaning
  readonly value: Buffer | null
}

const empty: Buffer = Buffer.alloc(0)
const noAddress: Buffer = Buffer.from([0, 0])
const tablePrefixSize = 4
/** Kept free for the header that says how many did not fit. */
const omittedSize = 32
const parts: ReadonlySet<string> = new Set([
  ...Object.values(kafkaHeader),
  deliverAtHeader,
  deliverAfterHeader,
])
const messageNames = {
  key: Buffer.from(messageHeader.key),
  tombstone: Buffer.from(messageHeader.tombstone),
  timestamp: Buffer.from(messageHeader.timestamp),
  omitted: Buffer.from(messageHeader.omitted),
  deliverAt: Buffer.from(deliverAtHeader),
}
const rows = new Map(
  mappedProperties.filter(({ isTaken }) => isTaken).map((row) => [row.header, row]),
)
for (const [name, property] of [
  [ttlHeader, PROPERTY_EXPIRATION],
  [priorityHeader, PROPERTY_PRIORITY],
] as const) {
  rows.set(
    name,
    mappedProperties.find(({ flag }) => flag === property)!,
  )
}

/** One object for all records of a batch: `take` describes the next record in `source`. */
export class RecordToMessage {
  readonly source: RecordSource = new RecordSource()
  readonly #writer = new WireWriter()
  readonly #meanings = new Map<string, HeaderMeaning>()
  #properties = new Map<number, Buffer>()
  #reserved = new Map<string, Buffer>()
  #headers: KafkaHeader[] = []
  #entries: { readonly name: Buffer; readonly value: FieldValue }[] = []
  #tableSize = 0
  #omittedCount = 0

  /** Takes the record that the reader stands at. `home` is the address of records without one. */
  take(reader: RecordReader, home: Buffer): void {
    this.#readHeaders(reader)
    const exchange = this.#reserved.get(kafkaHeader.exchange)
    const routingKey = this.#reserved.get(kafkaHeader.routingKey)
    const isFromKafka = exchange === undefined && routingKey === undefined
    const address = isFromKafka ? home : joinAddress(exchange ?? empty, routingKey ?? empty)
    this.#tableSize = tablePrefixSize
    this.#entries = []
    this.#omittedCount = 0
    this.#addDeliverAt(reader.timestamp)
    if (isFromKafka && reader.timestamp >= 0) this.#addTimestamp(reader.timestamp)
    this.#addKey(reader.key(), isFromKafka ? undefined : impliedKey(address, 0))
    const value = reader.value()
    if (value === null) this.#addEntry(messageNames.tombstone, { type: 'bool', value: true })
    this.#addHeaders()
    this.#point(address.length === 0 ? noAddress : address, value ?? empty)
  }

  #readHeaders(reader: RecordReader): void {
    this.#properties.clear()
    this.#reserved.clear()
    this.#headers = []
    while (reader.nextHeader()) {
      const name = reader.buffer.toString('latin1', reader.headerKeyStart, reader.headerKeyEnd)
      const value = reader.headerValue()
      const meaning = this.#meaningOf(name)
      if (!this.#takeReserved(meaning, value)) this.#headers.push({ meaning, value })
    }
  }

  #meaningOf(name: string): HeaderMeaning {
    let meaning = this.#meanings.get(name)
    if (meaning === undefined) {
      const messageName = Buffer.from(toMessageName(name), 'latin1')
      meaning = { name, property: rows.get(name), isPart: parts.has(name), messageName }
      this.#meanings.set(name, meaning)
    }
    return meaning
  }

  /** True when the header is a property or another part of a message; the first of a name counts. */
  #takeReserved({ name, property, isPart }: HeaderMeaning, value: Buffer | null): boolean {
    if (value === null) return false
    if (name === ttlHeader && wholeNumberOf(value) === undefined) return false
    if (property !== undefined) return this.#takeProperty(property, value)
    if (!isPart || this.#reserved.has(name)) return false
    const isAddress = name === kafkaHeader.exchange || name === kafkaHeader.routingKey
    if (isAddress && value.length > SHORTSTR_BYTES_MAX) return false
    if (name === deliverAtHeader && timeOf(value) === undefined) return false
    if (name === deliverAfterHeader && delayOf(value) === undefined) return false
    this.#reserved.set(name, value)
    return true
  }

  #takeProperty({ flag, form }: MappedProperty, value: Buffer): boolean {
    if (this.#properties.has(flag)) return false
    const encoded = encodeProperty(form, value)
    if (encoded === undefined) return false
    this.#properties.set(flag, encoded)
    return true
  }

  /** The first header, where `readDeliverAt` looks for it. */
  #addDeliverAt(timestamp: number): void {
    const at = this.#reserved.get(deliverAtHeader)
    const after = this.#reserved.get(deliverAfterHeader)
    if (at === undefined && after === undefined) return
    const value = deliverAtOf({ at, after }, timestamp)
    if (value > 0) this.#addEntry(messageNames.deliverAt, { type: 'long', value })
  }

  #addTimestamp(timestamp: number): void {
    this.#addEntry(messageNames.timestamp, { type: 'long', value: timestamp })
    if (this.#properties.has(PROPERTY_TIMESTAMP)) return
    const seconds = Buffer.allocUnsafe(8)
    writeInt64(seconds, 0, Math.floor(timestamp / 1000))
    this.#properties.set(PROPERTY_TIMESTAMP, seconds)
  }

  #addKey(key: Buffer | null, implied: Buffer | undefined): void {
    const noted = this.#reserved.get(kafkaHeader.keyType)?.toString()
    const isExplicit =
      noted !== undefined || (key === null ? implied !== undefined : implied?.equals(key) !== true)
    if (!isExplicit) return
    this.#addEntry(messageNames.key, toFieldValue(key, noted))
  }

  #addHeaders(): void {
    const noted = this.#reserved.get(kafkaHeader.headerTypes)
    const types = noted === undefined ? undefined : HeaderTypesReader.parse(noted)
    if (noted !== undefined && types === undefined) {
      const meaning = this.#meaningOf(kafkaHeader.headerTypes)
      this.#headers.push({ meaning, value: noted })
    }
    for (const { meaning, value } of this.#headers) {
      this.#addEntry(meaning.messageName, toFieldValue(value, types?.next(meaning.name)))
    }
    if (this.#omittedCount === 0) return
    const value = { type: 'signedint', value: this.#omittedCount } as const
    this.#tableSize += 1 + messageNames.omitted.length + fieldValueSize(value)
    this.#entries.push({ name: messageNames.omitted, value })
  }

  #addEntry(name: Buffer, value: FieldValue): void {
    const sizeMax = crossingLimits.crossedHeaderSizeMax - omittedSize
    const tableSize = this.#tableSize + 1 + name.length + fieldValueSize(value)
    if (name.length > SHORTSTR_BYTES_MAX || tableSize > sizeMax) {
      this.#omittedCount++
      return
    }
    this.#tableSize = tableSize
    this.#entries.push({ name, value })
  }

  #point(address: Buffer, body: Buffer): void {
    const { source } = this
    setAddress(source, address)
    setHeader(source, this.#encodeHeader(body.length))
    source.body = body
    source.bodyEnd = body.length
  }

  #encodeHeader(bodySize: number): Buffer {
    const hasTable = this.#entries.length > 0 || this.#reserved.has(kafkaHeader.headerTypes)
    let flags = hasTable ? PROPERTY_HEADERS : 0
    let size = CONTENT_HEADER_SIZE_MIN + (hasTable ? this.#tableSize : 0)
    for (const [flag, value] of this.#properties) {
      flags |= flag
      size += value.length
    }
    const header = Buffer.allocUnsafe(size)
    const writer = this.#writer
    writer.reset(header, 0)
    writer.short(CLASS_BASIC)
    writer.short(0)
    writer.longlong(bodySize)
    writer.short(flags)
    let isTableDue = hasTable
    for (const { flag } of mappedProperties) {
      if (isTableDue && flag < PROPERTY_HEADERS) {
        this.#writeTable()
        isTableDue = false
      }
      const value = this.#properties.get(flag)
      if (value !== undefined) writer.bytes(value)
    }
    writer.release()
    return header
  }

  #writeTable(): void {
    const writer = this.#writer
    writer.long(this.#tableSize - tablePrefixSize)
    for (const { name, value } of this.#entries) {
      writer.octet(name.length)
      writer.bytes(name)
      writeFieldValue(writer, value)
    }
  }
}

function joinAddress(exchange: Buffer, routingKey: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([exchange.length]),
    exchange,
    Buffer.from([routingKey.length]),
    routingKey,
  ])
}

/** The property as it stands in a content header; undefined when the value cannot be that. */
function encodeProperty(form: PropertyForm, value: Buffer): Buffer | undefined {
  if (form === 'bytes') {
    if (value.length > SHORTSTR_BYTES_MAX) return undefined
    return Buffer.concat([Buffer.from([value.length]), value])
  }
  const text = isUtf8(value) ? value.toString() : ''
  if (!/^(?:0|[1-9]\d{0,19})$/.test(text)) return undefined
  const number = BigInt(text)
  if (number >= (form === 'u8' ? 256n : 2n ** 64n)) return undefined
  if (form === 'u8') return Buffer.from([Number(number)])
  const encoded = Buffer.alloc(8)
  encoded.writeBigUInt64BE(number)
  return encoded
}
