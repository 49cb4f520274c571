// Reads the elementary types of MQTT (section 1.5) from one packet. Invariant: it never reads past the packet's end;
// whatever is missing, too long or not of its type is a PacketError.
import { mqttLimits } from '../../limits/mqtt.ts'
import { malformed, PacketError, protocolError } from './packet-error.ts'
import { packetNames, type Sender, WILL } from './packet-type.ts'
import {
  appendProperty,
  noProperties,
  type Properties,
  type PropertyValue,
  setProperty,
} from './properties.ts'
import { findProperty, findPropertyOf, type PropertyRow } from './property-table.ts'
import { reasonCode } from './reason-code.ts'
import { isText, isTopicFilter, isTopicName } from './text-bytes.ts'

/** Bytes of the longest variable byte integer. */
const varintSizeMax = 4

/** A packet's bytes, as `PacketReader` has them. */
export interface PacketBytes {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

export class FieldReader {
  readonly buffer: Buffer
  position: number
  end: number

  constructor({ buffer, start, end }: PacketBytes) {
    this.buffer = buffer
    this.position = start
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.position === this.end
  }

  get restSize(): number {
    return this.end - this.position
  }

  byte(): number {
    const at = this.#take(1)
    return this.buffer[at] as number
  }

  uint16(): number {
    const at = this.#take(2)
    return ((this.buffer[at] as number) << 8) | (this.buffer[at + 1] as number)
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.#take(4))
  }

  /** A variable byte integer in its shortest form [MQTT-1.5.5-1]. */
  varint(): number {
    const start = this.position
    let value = 0
    for (let size = 1; size <= varintSizeMax; size++) {
      const byte = this.byte()
      value |= (byte & 0x7f) << (7 * (size - 1))
      if (byte < 0x80) {
        if (byte === 0 && size > 1) throw malformed('number in more bytes than it needs', start)
        return value
      }
    }
    throw malformed('number of more than four bytes', start)
  }

  /** A packet identifier, which is never 0 [MQTT-2.2.1-3]. */
  packetId(): number {
    const id = this.uint16()
    if (id === 0) throw protocolError('packet identifier 0', this.position - 2)
    return id
  }

  text(): string {
    const start = this.skipSized()
    if (!isText(this.buffer, start, this.position))
      throw malformed('text that is not allowed', start)
    return this.buffer.toString('utf8', start, this.position)
  }

  topicName(): string {
    const start = this.skipSized()
    this.checkTopicName(start, this.position)
    return this.buffer.toString('utf8', start, this.position)
  }

  /** Throws unless these bytes of the packet are a topic name. */
  checkTopicName(start: number, end: number): void {
    if (isTopicName(this.buffer, start, end)) return
    if (start === end) throw protocolError('empty topic name', start)
    if (!isText(this.buffer, start, end)) throw malformed('text that is not allowed', start)
    throw new PacketError(reasonCode.topicNameInvalid, 'topic name with a wildcard', start)
  }

  /** Moves past a text and returns where it begins; `position` is where it ends. */
  skipSized(): number {
    const size = this.uint16()
    return this.#take(size)
  }

  /** All topic filters up to the packet's end, each read by `one`. At least one [MQTT-3.8.3-2] [MQTT-3.10.3-2]. */
  filters<T>(one: () => T): T[] {
    if (this.isAtEnd) throw protocolError('no topic filter', this.position)
    const filters: T[] = []
    while (!this.isAtEnd) {
      if (filters.length >= mqttLimits.filtersPerPacketMax) {
        const reason = `more than ${mqttLimits.filtersPerPacketMax} topic filters`
        throw new PacketError(reasonCode.quotaExceeded, reason, this.position)
      }
      filters.push(one())
    }
    return filters
  }

  topicFilter(): string {
    const start = this.skipSized()
    if (!isTopicFilter(this.buffer, start, this.position))
      throw malformed('topic filter that is not one', start)
    return this.buffer.toString('utf8', start, this.position)
  }

  /** A view. */
  binary(): Buffer {
    const start = this.skipSized()
    return this.buffer.subarray(start, this.position)
  }

  /** The properties of a packet, which begin with their size; a shared empty object where there are none. */
  properties(sender: Sender, type: number): Readonly<Properties> {
    const size = this.varint()
    if (size === 0) return noProperties
    if (size > mqttLimits.propertiesSizeMax) {
      const reason = `${size} bytes of properties, ${mqttLimits.propertiesSizeMax} are allowed`
      throw new PacketError(reasonCode.quotaExceeded, reason, this.position)
    }
    const packetEnd = this.end
    if (size > this.restSize) throw malformed('properties longer than their packet', this.position)
    this.end = this.position + size
    const properties: Properties = {}
    while (!this.isAtEnd) this.#property(sender, type, properties)
    this.end = packetEnd
    return properties
  }

  /** The packet has been read: nothing may follow. */
  finish(): void {
    if (!this.isAtEnd)
      throw malformed(`${this.restSize} bytes more than the packet has fields`, this.position)
  }

  #property(sender: Sender, type: number, into: Properties): void {
    const at = this.position
    const id = this.varint()
    const known = findProperty(id)
    if (known === undefined) throw malformed(`unknown property ${id}`, at)
    const value = this.#value(known)
    const row = findPropertyOf(sender, type, id)
    if (row === undefined) {
      throw protocolError(`${known.name} in ${type === WILL ? 'a will' : packetNames[type]}`, at)
    }
    if (row.isRepeatable === true) appendProperty(into, row, value)
    else if (into[row.key] !== undefined) throw protocolError(`${row.name} twice`, at)
    else setProperty(into, row, value)
  }

  #value(row: PropertyRow): PropertyValue {
    const { type } = row
    if (type === 'text') return this.text()
    if (type === 'topic') return this.#topicValue(row)
    if (type === 'binary') return this.binary()
    if (type === 'pair') return [this.text(), this.text()]
    return this.#inRange(row, this[type]())
  }

  #topicValue({ name }: PropertyRow): string {
    const start = this.position + 2
    const topic = this.text()
    if (isTopicName(this.buffer, start, this.position)) return topic
    throw protocolError(`${name} that is not a topic name`, start)
  }

  #inRange({ name, min = 0, max, rangeError }: PropertyRow, value: number): number {
    if (value >= min && (max === undefined || value <= max)) return value
    throw new PacketError(rangeError ?? reasonCode.protocolError, `${name} ${value}`, this.position)
  }

  #take(size: number): number {
    const at = this.position
    if (size > this.end - at) throw malformed('packet ends inside a field', at)
    this.position = at + size
    return at
  }
}
