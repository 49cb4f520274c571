// Reads the elementary types of AMQP 0-9-1 (section 4.2.1) from a range of a buffer.
// Invariant: position never passes limit; a value that does not fit is a CodecError, never undefined.
import { isUtf8 } from 'node:buffer'
import { recordLimits } from '../../limits/record.ts'
import { CodecError, type CodecErrorKind } from '../codec-error.ts'
import { nameFromBytes } from './name-bytes.ts'

const emptyBuffer = Buffer.alloc(0)

/** A cursor over `buffer[position, limit)`, meant to be reused with `reset`. */
export class WireReader {
  buffer: Buffer = emptyBuffer
  position = 0
  limit = 0
  /** What a value that does not fit is refused with: 501 for arguments, 502 inside tables. */
  errorKind: CodecErrorKind = 'frame_error'

  /** Short strings that are not UTF-8 are read as `nameFromBytes` does where they may be. */
  isExact = false

  #outerErrorKind: CodecErrorKind = 'frame_error'

  /**
   * Points the reader at `buffer[start, end)`, which must lie inside the buffer. What does not fit
   * outside of tables will be refused with `errorKind`.
   */
  reset(
    buffer: Buffer,
    start: number,
    end: number,
    errorKind: CodecErrorKind = 'frame_error',
  ): void {
    if (start < 0 || end > buffer.length || start > end) {
      throw new RangeError(`range ${start}..${end} is outside a buffer of ${buffer.length}`)
    }
    this.buffer = buffer
    this.position = start
    this.limit = end
    this.errorKind = errorKind
    this.#outerErrorKind = errorKind
  }

  /** Lets go of the buffer, so that an idle reader does not keep a socket chunk alive. */
  release(): void {
    this.buffer = emptyBuffer
    this.position = 0
    this.limit = 0
  }

  get remaining(): number {
    return this.limit - this.position
  }

  octet(): number {
    return this.buffer.readUInt8(this.advance(1))
  }

  short(): number {
    return this.buffer.readUInt16BE(this.advance(2))
  }

  long(): number {
    return this.buffer.readUInt32BE(this.advance(4))
  }

  /** An unsigned 64-bit number; above 2^53 − 1 it is rounded and so equals no number in use here. */
  longlong(): number {
    const start = this.advance(8)
    return this.buffer.readUInt32BE(start) * 0x1_0000_0000 + this.buffer.readUInt32BE(start + 4)
  }

  /** A short string. Anything but UTF-8 is refused with 501, as RabbitMQ does for arguments. */
  shortstr(): string {
    const size = this.octet()
    const start = this.advance(size)
    const text = textAt(this.buffer, start, start + size)
    if (text === undefined) {
      throw new CodecError('frame_error', 'Malformed UTF-8 in shortstr', start)
    }
    return text
  }

  /** A short string that may hold any bytes; what is not UTF-8 is read as Latin-1, or as `isExact` says. */
  lenientShortstr(): string {
    const size = this.octet()
    const start = this.advance(size)
    if (this.isExact) return nameFromBytes(this.buffer, start, start + size)
    return (
      textAt(this.buffer, start, start + size) ??
      this.buffer.toString('latin1', start, start + size)
    )
  }

  /** A long string as a view of the buffer: copy it to keep it. */
  longstr(): Buffer {
    const size = this.long()
    const start = this.advance(size)
    return this.buffer.subarray(start, start + size)
  }

  /** Moves past `size` bytes and returns where they start. */
  advance(size: number): number {
    const start = this.position
    if (size > this.limit - start) {
      throw new CodecError(
        this.errorKind,
        `${size} bytes expected where ${this.limit - start} are left`,
        start,
      )
    }
    this.position = start + size
    return start
  }

  /**
   * Narrows the reader to the length-prefixed table or array that starts here. Returns the limit to
   * give back to `leave`. `depth` is 0 for the outermost.
   */
  enter(depth: number): number {
    const size = this.long()
    const start = this.advance(size)
    if (depth > recordLimits.fieldTableDepthMax) {
      throw new CodecError('syntax_error', 'tables and arrays are nested too deep', start)
    }
    const outerLimit = this.limit
    this.position = start
    this.limit = start + size
    this.errorKind = 'syntax_error'
    return outerLimit
  }

  /** Undoes `enter`; all that was entered must have been read. */
  leave(outerLimit: number, depth: number): void {
    this.limit = outerLimit
    this.errorKind = depth === 0 ? this.#outerErrorKind : 'syntax_error'
  }

  /** Refuses bytes that no field claims. */
  expectEnd(): void {
    if (this.position !== this.limit) {
      throw new CodecError(
        this.errorKind,
        `${this.limit - this.position} bytes left after the last field`,
        this.position,
      )
    }
  }
}

/** The text of `buffer[start, end)`, or undefined when it is not UTF-8. */
export function textAt(buffer: Buffer, start: number, end: number): string | undefined {
  for (let position = start; position < end; position++) {
    if ((buffer[position] as number) > 0x7f) {
      return isUtf8(buffer.subarray(start, end)) ? buffer.toString('utf8', start, end) : undefined
    }
  }
  return buffer.toString('latin1', start, end)
}
