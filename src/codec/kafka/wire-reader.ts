// Reads the elementary types of Kafka's protocol from a range of a buffer. Flexible versions
// (KIP-482) write lengths as unsigned varints plus one and end each struct with tagged fields.
// Invariant: position never passes limit; a value that does not fit is a CodecError.
import { readInt64 } from '../../lib/int64.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { CodecError } from '../../record/codec-error.ts'
import { zeroUuid } from './field-defaults.ts'

const emptyBuffer = Buffer.alloc(0)
const uuidSize = 16
/** Longest string in either form, as Kafka's own reader has it. */
const stringSizeMax = 0x7fff

/** A cursor over `buffer[position, limit)`, meant to be reused with `reset`. */
export class WireReader {
  buffer: Buffer = emptyBuffer
  position = 0
  limit = 0
  /** Whether the message being read has a flexible version. */
  isFlexible = false

  /** Array elements that the message may still have. */
  #elementsLeft = 0

  /** Points the reader at `buffer[start, end)`, which must lie inside the buffer. */
  reset(buffer: Buffer, start: number = 0, end: number = buffer.length): void {
    if (start < 0 || end > buffer.length || start > end) {
      throw new RangeError(`range ${start}..${end} is outside a buffer of ${buffer.length}`)
    }
    this.buffer = buffer
    this.position = start
    this.limit = end
    this.isFlexible = false
    this.#elementsLeft = kafkaLimits.kafkaElementsMax
  }

  /** Lets go of the buffer, so that an idle reader does not keep a request alive. */
  release(): void {
    this.buffer = emptyBuffer
    this.position = 0
    this.limit = 0
  }

  /** Array elements that were read since the reset. */
  get elementCount(): number {
    return kafkaLimits.kafkaElementsMax - this.#elementsLeft
  }

  get remaining(): number {
    return this.limit - this.position
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.buffer.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#advance(2))
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#advance(4))
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.#advance(4))
  }

  /** A signed 64-bit integer; beyond ±2^53 it is rounded and so equals no number in use. */
  int64(): number {
    return readInt64(this.buffer, this.#advance(8))
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.#advance(8))
  }

  /** At most 32 bits in groups of seven, lowest first. */
  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.buffer[this.#advance(1)] as number
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw this.#malformed('varint longer than 5 bytes')
  }

  /** 16 bytes as Kafka prints them: base64url without padding. */
  uuid(): string {
    const start = this.#advance(uuidSize)
    // Whoever means a name sends none.
    if (isZero(this.buffer, start, start + uuidSize)) return zeroUuid
    return this.buffer.toString('base64url', start, start + uuidSize)
  }

  string(): string {
    return this.nullableString() ?? this.#refuseNull()
  }

  /** Bytes that are not UTF-8 become U+FFFD, as Kafka reads them. */
  nullableString(): string | null {
    const size = this.isFlexible ? this.unsignedVarint() - 1 : this.int16()
    if (size > stringSizeMax) throw this.#malformed(`string of ${size} bytes`)
    const start = this.#range(size)
    return start < 0 ? null : this.buffer.toString('utf8', start, start + size)
  }

  /** A view of the buffer. */
  bytes(): Buffer {
    return this.nullableBytes() ?? this.#refuseNull()
  }

  /** A view of the buffer. */
  nullableBytes(): Buffer | null {
    const size = this.isFlexible ? this.unsignedVarint() - 1 : this.int32()
    const start = this.#range(size)
    return start < 0 ? null : this.buffer.subarray(start, start + size)
  }

  /** Number of elements that follow; -1 for a null array. */
  arrayCount(): number {
    const count = this.isFlexible ? this.unsignedVarint() - 1 : this.int32()
    if (count < -1) throw this.#malformed(`array of ${count} elements`)
    // Every element takes a byte at least: a count beyond that is a lie, found before the loop.
    if (count > this.remaining || count > this.#elementsLeft) {
      throw this.#malformed(`array of ${count} elements where ${this.remaining} bytes are left`)
    }
    this.#elementsLeft -= Math.max(0, count)
    return count
  }

  /** The mark before a struct that may be null. */
  isPresent(): boolean {
    return this.int8() >= 0
  }

  /** Refuses a null where the version has none. */
  expectNotNull<T>(value: T | null): T {
    return value ?? this.#refuseNull()
  }

  /** Passes over the tagged fields of a struct that knows none. */
  skipTags(): void {
    for (let left = this.tagCount(); left > 0; left--) {
      this.unsignedVarint()
      const limit = this.enterTag()
      this.skipTag()
      this.leaveTag(limit)
    }
  }

  /** Number of tagged fields that follow; each is its tag, `enterTag`, the value, `leaveTag`. */
  tagCount(): number {
    const count = this.unsignedVarint()
    if (count > this.remaining) throw this.#malformed(`${count} tagged fields`)
    return count
  }

  /** Narrows the reader to the tagged field that starts here; returns the limit for `leaveTag`. */
  enterTag(): number {
    const size = this.unsignedVarint()
    const start = this.#advance(size)
    const limit = this.limit
    this.position = start
    this.limit = start + size
    return limit
  }

  /** Passes over the tagged field that was entered. */
  skipTag(): void {
    this.position = this.limit
  }

  /** Undoes `enterTag`; all of the field must have been read. */
  leaveTag(limit: number): void {
    this.expectEnd()
    this.limit = limit
  }

  /** Refuses bytes that no field claims. */
  expectEnd(): void {
    if (this.position !== this.limit) {
      throw this.#malformed(`${this.remaining} bytes left after the last field`)
    }
  }

  /** Start of `size` bytes, or -1 when size says null. */
  #range(size: number): number {
    if (size >= 0) return this.#advance(size)
    if (size === -1) return -1
    throw this.#malformed(`length ${size}`)
  }

  #advance(size: number): number {
    const start = this.position
    if (size > this.limit - start) {
      throw this.#malformed(`${size} bytes expected where ${this.limit - start} are left`)
    }
    this.position = start + size
    return start
  }

  #refuseNull(): never {
    throw this.#malformed('null in a field that has none in this version')
  }

  #malformed(reason: string): CodecError {
    return new CodecError('syntax_error', reason, this.position)
  }
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
