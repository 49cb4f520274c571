const sizeInitial = 256

/** Writes the fields of a row; the counterpart of RowReader. Numbers are big endian. */
export class RowWriter {
  #buffer: Buffer = Buffer.allocUnsafe(sizeInitial)
  #size = 0

  uint8(value: number): this {
    const at = this.#grow(1)
    this.#buffer.writeUInt8(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#grow(4)
    this.#buffer.writeInt32BE(value, at)
    return this
  }

  /** An integer. A double holds safe ones exactly, and those beyond as they were rounded before. */
  integer(value: number): this {
    const at = this.#grow(8)
    this.#buffer.writeDoubleBE(value, at)
    return this
  }

  bytes(value: Uint8Array): this {
    this.int32(value.length)
    const at = this.#grow(value.length)
    this.#buffer.set(value, at)
    return this
  }

  /** UTF-8. */
  text(value: string): this {
    return this.bytes(Buffer.from(value, 'utf8'))
  }

  /** Undefined is a length of −1. */
  optionalText(value: string | undefined): this {
    return value === undefined ? this.int32(-1) : this.text(value)
  }

  /** The row, in memory of its own size. */
  finish(): Buffer {
    const row = Buffer.allocUnsafeSlow(this.#size)
    this.#buffer.copy(row, 0, 0, this.#size)
    return row
  }

  /** Makes room and returns where it begins. */
  #grow(size: number): number {
    const at = this.#size
    this.#size += size
    if (this.#size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#size, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}
