// Writes the elementary types of Kafka's protocol into size-prefixed messages. Large record bytes
// are not copied: the message is a list of parts, some of them views of what the caller passed.
// A value that does not fit its type is a RangeError of the program.
import { writeInt64 } from '../../lib/int64.ts'
import { kafkaLimits } from '../../limits/kafka.ts'

/** Record batches in one piece or, as stored, in several. */
export type RecordsParts = Buffer | readonly Buffer[]

const sizePrefixSize = 4
/** Most responses fit; small enough to come out of Node's buffer pool. */
const initialSize = 256
const uuidSize = 16
const stringSizeMax = 0x7fff

/** Writes one message after the other: `start`, the fields, `finish`. */
export class WireWriter {
  /** Whether the message being written has a flexible version. */
  isFlexible = false

  #buffer: Buffer = Buffer.allocUnsafe(0)
  #position = 0
  /** What is already complete: pieces of former buffers and views. */
  #parts: Buffer[] = []
  #partsSize = 0
  /** Start of what is in the buffer and not in a part. */
  #pending = 0
  #isPiece = false

  /** Begins a message; what was not finished is forgotten. */
  start(): void {
    this.#buffer = Buffer.allocUnsafe(initialSize)
    this.#position = sizePrefixSize
    this.#parts = []
    this.#partsSize = 0
    this.#pending = 0
    this.#isPiece = false
    this.isFlexible = false
  }

  /** Begins a part of a message, without a size prefix; it ends with `finish`, too. */
  startPiece(): void {
    this.start()
    this.#position = 0
    this.#isPiece = true
  }

  /** Bytes written since `start`. */
  get size(): number {
    return this.#partsSize + this.#position - this.#pending
  }

  /**
   * Ends the message and returns its parts in order, the first with the size prefix. They are the
   * caller's: the writer does not touch them again.
   */
  finish(): readonly Buffer[] {
    this.#endPart()
    const parts = this.#parts
    if (!this.#isPiece) {
      const first = parts[0] as Buffer
      first.writeInt32BE(this.#partsSize - sizePrefixSize, 0)
    }
    this.#parts = []
    this.#buffer = Buffer.allocUnsafe(0)
    return parts
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    const position = this.#reserve(1)
    this.#buffer.writeInt8(value, position)
  }

  int16(value: number): void {
    const position = this.#reserve(2)
    this.#buffer.writeInt16BE(value, position)
  }

  uint16(value: number): void {
    const position = this.#reserve(2)
    this.#buffer.writeUInt16BE(value, position)
  }

  int32(value: number): void {
    const position = this.#reserve(4)
    this.#buffer.writeInt32BE(value, position)
  }

  uint32(value: number): void {
    const position = this.#reserve(4)
    this.#buffer.writeUInt32BE(value, position)
  }

  int64(value: number): void {
    const position = this.#reserve(8)
    writeInt64(this.#buffer, position, value)
  }

  float64(value: number): void {
    const position = this.#reserve(8)
    this.#buffer.writeDoubleBE(value, position)
  }

  unsignedVarint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#octet((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#octet(rest)
  }

  /** 22 characters of base64url. */
  uuid(text: string): void {
    const position = this.#reserve(uuidSize)
    const size = this.#buffer.write(text, position, uuidSize, 'base64url')
    if (size !== uuidSize) throw new RangeError(`'${text}' is no UUID in base64url`)
  }

  string(text: string): void {
    const size = Buffer.byteLength(text)
    if (size > stringSizeMax) throw new RangeError(`a string of ${size} bytes`)
    if (this.isFlexible) this.unsignedVarint(size + 1)
    else this.int16(size)
    const position = this.#reserve(size)
    this.#buffer.write(text, position, size, 'utf8')
  }

  nullableString(text: string | null): void {
    if (text !== null) this.string(text)
    else if (this.isFlexible) this.#octet(0)
    else this.int16(-1)
  }

  /** Copied, however large. */
  bytes(value: Buffer): void {
    this.#bytesSize(value.length)
    this.#copy(value)
  }

  nullableBytes(value: Buffer | null): void {
    if (value === null) this.#nullSize()
    else this.bytes(value)
  }

  /** Larger pieces become parts of the message as they are; they must not change any more. */
  records(value: RecordsParts): void {
    if (Buffer.isBuffer(value)) {
      this.#bytesSize(value.length)
      this.#splice(value)
      return
    }
    let size = 0
    for (const piece of value) size += piece.length
    this.#bytesSize(size)
    for (const piece of value) this.#splice(piece)
  }

  /** Pieces of a message as they were written; the larger ones become parts. */
  pieces(pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.#splice(piece)
  }

  nullableRecords(value: RecordsParts | null): void {
    if (value === null) this.#nullSize()
    else this.records(value)
  }

  /** -1 for a null array. */
  arrayCount(count: number): void {
    if (this.isFlexible) this.unsignedVarint(count + 1)
    else this.int32(count)
  }

  /** The mark before a struct that may be null. */
  present(isPresent: boolean): void {
    this.int8(isPresent ? 1 : -1)
  }

  /** The end of a struct without tagged fields. */
  noTags(): void {
    this.#octet(0)
  }

  /** Begins the tagged fields of a struct; the result goes to each `endTag`. */
  beginTags(): number {
    this.#octet(0)
    return this.#position - 1
  }

  /** Begins one tagged field; the result goes to its `endTag`. Lowest tag first. */
  beginTag(tag: number): number {
    this.unsignedVarint(tag)
    this.#octet(0)
    return this.#position
  }

  /** Ends the tagged field whose value starts at `start`. A tagged field holds no records. */
  endTag(tags: number, start: number): void {
    const size = this.#position - start
    const shift = size > 0x1f_ffff ? 3 : size > 0x3fff ? 2 : size > 0x7f ? 1 : 0
    if (shift > 0) {
      this.#reserve(shift)
      this.#buffer.copyWithin(start + shift, start, start + size)
    }
    this.#position = start - 1
    this.unsignedVarint(size)
    this.#position += size
    this.#buffer[tags] = (this.#buffer[tags] as number) + 1
  }

  #bytesSize(size: number): void {
    if (this.isFlexible) this.unsignedVarint(size + 1)
    else this.int32(size)
  }

  #nullSize(): void {
    if (this.isFlexible) this.#octet(0)
    else this.int32(-1)
  }

  #octet(value: number): void {
    const position = this.#reserve(1)
    this.#buffer[position] = value
  }

  #splice(piece: Buffer): void {
    if (piece.length <= kafkaLimits.copiedRecordsSizeMax) {
      this.#copy(piece)
      return
    }
    this.#endPart()
    this.#parts.push(piece)
    this.#partsSize += piece.length
  }

  #copy(piece: Buffer): void {
    const position = this.#reserve(piece.length)
    this.#buffer.set(piece, position)
  }

  #endPart(): void {
    const size = this.#position - this.#pending
    if (size === 0) return
    this.#parts.push(this.#buffer.subarray(this.#pending, this.#position))
    this.#partsSize += size
    this.#pending = this.#position
  }

  /** Makes room for `size` bytes and returns where they go. */
  #reserve(size: number): number {
    const position = this.#position
    this.#position = position + size
    if (this.#position > this.#buffer.length) this.#grow(position)
    return position
  }

  /** A larger buffer with the same positions: what parts refer to stays in the former one. */
  #grow(filled: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.#position, this.#buffer.length * 2))
    this.#buffer.copy(grown, this.#pending, this.#pending, filled)
    this.#buffer = grown
  }
}
