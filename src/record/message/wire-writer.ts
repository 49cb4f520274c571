// Writes the elementary types of AMQP 0-9-1 (section 4.2.1) at a position of a buffer.
// The caller has made room with the size functions; a value that does not fit its type or the
// buffer is a RangeError of the program, never a truncated field.
import { bytesOfName } from './name-bytes.ts'

const emptyBuffer = Buffer.alloc(0)

/** Longest short string in bytes (AMQP 0-9-1 §4.2.5.3). */
export const SHORTSTR_BYTES_MAX = 255

/** A cursor over a target buffer, meant to be reused with `reset`. */
export class WireWriter {
  buffer: Buffer = emptyBuffer
  position = 0

  /** Points the writer at `buffer[position …]`. */
  reset(buffer: Buffer, position: number): void {
    this.buffer = buffer
    this.position = position
  }

  /** Lets go of the buffer. */
  release(): void {
    this.reset(emptyBuffer, 0)
  }

  octet(value: number): void {
    this.position = this.buffer.writeUInt8(value, this.position)
  }

  short(value: number): void {
    this.position = this.buffer.writeUInt16BE(value, this.position)
  }

  long(value: number): void {
    this.position = this.buffer.writeUInt32BE(value, this.position)
  }

  /** An unsigned 64-bit number; it must be a safe integer. */
  longlong(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${value} is not an unsigned integer below 2^53`)
    }
    this.buffer.writeUInt32BE(Math.floor(value / 0x1_0000_0000), this.position)
    this.position = this.buffer.writeUInt32BE(value % 0x1_0000_0000, this.position + 4)
  }

  /** Unsigned 64-bit seconds. */
  timestamp(value: number | bigint): void {
    this.position = this.buffer.writeBigUInt64BE(BigInt(value), this.position)
  }

  /** Of a name that is no UTF-8 (`nameFromBytes`) its bytes. */
  shortstr(text: string): void {
    const plainSize = Buffer.byteLength(text)
    // Most are ASCII.
    const content = plainSize === text.length ? text : bytesOfName(text)
    const size = typeof content === 'string' ? plainSize : content.length
    if (size > SHORTSTR_BYTES_MAX) {
      throw new RangeError(`a short string of ${size} bytes; ${SHORTSTR_BYTES_MAX} are allowed`)
    }
    this.octet(size)
    if (typeof content === 'string') this.#text(content, size)
    else this.bytes(content)
  }

  longstr(value: Buffer | string): void {
    if (typeof value === 'string') {
      const size = Buffer.byteLength(value)
      this.long(size)
      this.#text(value, size)
    } else {
      this.long(value.length)
      this.bytes(value)
    }
  }

  bytes(value: Buffer): void {
    this.#expectRoom(value.length)
    this.buffer.set(value, this.position)
    this.position += value.length
  }

  #text(text: string, size: number): void {
    this.#expectRoom(size)
    this.buffer.write(text, this.position, size, 'utf8')
    this.position += size
  }

  #expectRoom(size: number): void {
    if (size > this.buffer.length - this.position) {
      throw new RangeError(`${size} bytes do not fit a buffer of ${this.buffer.length}`)
    }
  }
}

/** `text` cut so that it fits a short string, with `...` where it was cut, as RabbitMQ does. */
export function fitShortstr(text: string): string {
  const content = bytesOfName(text)
  if (Buffer.byteLength(content) <= SHORTSTR_BYTES_MAX) {
    return text
  }
  let end = SHORTSTR_BYTES_MAX - 3
  if (typeof content !== 'string') return `${text.slice(0, end)}...`
  const bytes = Buffer.from(content)
  while (((bytes[end] as number) & 0xc0) === 0x80) {
    end--
  }
  return `${bytes.toString('utf8', 0, end)}...`
}
