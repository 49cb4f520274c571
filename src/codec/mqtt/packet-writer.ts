// Writes the elementary types of MQTT (section 1.5) and puts packets together that are not sent often: the body first,
// in memory that grows, then the whole packet in memory of its own. PUBLISH and its answers have writers that go into
// the output itself. A value that does not fit its type is a RangeError of the program.
import { assert } from '../../lib/assert.ts'
import type { Sender } from './packet-type.ts'
import type { Properties, UserProperties } from './properties.ts'
import { propertiesOf, type PropertyRow } from './property-table.ts'

const initialSize = 128
const textSizeMax = 0xffff
/** Largest variable byte integer [section 1.5.5], and so the largest rest of a packet. */
const varintMax = 0x0fff_ffff

export class PacketWriter {
  #buffer: Buffer = Buffer.allocUnsafe(initialSize)
  #position = 0

  byte(value: number): void {
    const at = this.#reserve(1)
    this.#buffer.writeUInt8(value, at)
  }

  uint16(value: number): void {
    const at = this.#reserve(2)
    this.#buffer.writeUInt16BE(value, at)
  }

  uint32(value: number): void {
    const at = this.#reserve(4)
    this.#buffer.writeUInt32BE(value, at)
  }

  varint(value: number): void {
    const at = this.#reserve(varintSize(value))
    writeVarint(this.#buffer, at, value)
  }

  text(value: string): void {
    const size = Buffer.byteLength(value)
    assert(size <= textSizeMax, 'text of at most 65,535 bytes')
    this.uint16(size)
    const at = this.#reserve(size)
    this.#buffer.write(value, at)
  }

  binary(value: Uint8Array): void {
    assert(value.length <= textSizeMax, 'binary data of at most 65,535 bytes')
    this.uint16(value.length)
    this.bytes(value)
  }

  /** Without a size before them. */
  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length)
    this.#buffer.set(value, at)
  }

  /** The properties of a packet with their size. What its table does not list is not written. */
  properties(sender: Sender, type: number, properties: Readonly<Properties>): void {
    const encoded = encodeProperties(sender, type, properties)
    this.varint(encoded.length)
    this.bytes(encoded)
  }

  /** The bytes so far, without a packet around them. A copy. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#position))
  }

  /** The whole packet. */
  finish(type: number, flags: number = 0): Buffer {
    const size = this.#position
    const packet = Buffer.allocUnsafe(1 + varintSize(size) + size)
    packet[0] = (type << 4) | flags
    const start = writeVarint(packet, 1, size)
    this.#buffer.copy(packet, start, 0, size)
    return packet
  }

  property(row: PropertyRow, value: unknown): void {
    if (row.type === 'pair') this.#pairs(row, value as UserProperties)
    else if (row.isRepeatable === true) {
      for (const one of value as number[]) this.#value(row, one)
    } else this.#value(row, value)
  }

  #pairs({ id }: PropertyRow, values: UserProperties): void {
    for (let at = 0; at < values.length; at += 2) {
      this.varint(id)
      this.text(values[at] as string)
      this.text(values[at + 1] as string)
    }
  }

  #value(row: PropertyRow, value: unknown): void {
    this.varint(row.id)
    switch (row.type) {
      case 'byte':
        return this.byte(value as number)
      case 'uint16':
        return this.uint16(value as number)
      case 'uint32':
        return this.uint32(value as number)
      case 'varint':
        return this.varint(value as number)
      case 'text':
      case 'topic':
        return this.text(value as string)
      case 'binary':
        return this.binary(value as Buffer)
      case 'pair':
        return assert(false, 'pairs are written by themselves')
    }
  }

  /** Makes room for `size` bytes and returns where they go. */
  #reserve(size: number): number {
    const at = this.#position
    this.#position = at + size
    if (this.#position > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#position, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    return at
  }
}

/** The properties of a packet without their size: what many packets have in common is encoded once. */
export function encodeProperties(
  sender: Sender,
  type: number,
  properties: Readonly<Properties>,
): Buffer {
  const writer = new PacketWriter()
  for (const row of propertiesOf(sender, type)) {
    const value = properties[row.key]
    if (value !== undefined) writer.property(row, value)
  }
  return writer.take()
}

/** Bytes of a number as a variable byte integer. */
export function varintSize(value: number): number {
  assert(value <= varintMax, 'variable byte integer of at most 268,435,455')
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  return value < 0x20_0000 ? 3 : 4
}

/** Returns where it ends. */
export function writeVarint(target: Buffer, position: number, value: number): number {
  let rest = value
  let at = position
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
