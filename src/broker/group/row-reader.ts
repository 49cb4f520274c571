import { isUtf8 } from 'node:buffer'
import { GroupFormatError } from './group-format-error.ts'
import { ownBytes } from './group-member.ts'

/** Reads what RowWriter wrote. Every read is checked: what does not fit is a GroupFormatError. */
export class RowReader {
  readonly #buffer: Buffer
  #position = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  uint8(): number {
    return this.#buffer.readUInt8(this.#advance(1))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4))
  }

  integer(): number {
    const value = this.#buffer.readDoubleBE(this.#advance(8))
    if (!Number.isInteger(value)) throw new GroupFormatError(`${value} is not an integer`)
    return value
  }

  /** A copy. */
  bytes(): Buffer {
    return ownBytes(this.#view(this.int32()))
  }

  text(): string {
    return this.#text(this.int32())
  }

  optionalText(): string | undefined {
    const size = this.int32()
    return size === -1 ? undefined : this.#text(size)
  }

  /** Refuses a row that goes on. */
  finish(): void {
    const left = this.#buffer.length - this.#position
    if (left > 0) throw new GroupFormatError(`${left} bytes too many`)
  }

  #text(size: number): string {
    const view = this.#view(size)
    if (!isUtf8(view)) throw new GroupFormatError('a text is not UTF-8')
    return view.toString('utf8')
  }

  #view(size: number): Buffer {
    const start = this.#advance(size)
    return this.#buffer.subarray(start, this.#position)
  }

  #advance(size: number): number {
    const start = this.#position
    if (size < 0 || start + size > this.#buffer.length) {
      throw new GroupFormatError(`${size} bytes at ${start} of ${this.#buffer.length}`)
    }
    this.#position = start + size
    return start
  }
}
