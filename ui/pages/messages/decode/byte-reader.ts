// Numbers and stretches of bytes, one after the other.
import { DecodeError } from './tree.ts'

export class ByteReader {
  readonly bytes: Uint8Array
  at = 0
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#step(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4))
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#step(8))
  }

  i8(): number {
    return this.#view.getInt8(this.#step(1))
  }

  i16(): number {
    return this.#view.getInt16(this.#step(2))
  }

  i32(): number {
    return this.#view.getInt32(this.#step(4))
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#step(8))
  }

  f32(): number {
    return this.#view.getFloat32(this.#step(4))
  }

  f64(): number {
    return this.#view.getFloat64(this.#step(8))
  }

  take(size: number): Uint8Array {
    const from = this.#step(size)
    return this.bytes.subarray(from, from + size)
  }

  #step(size: number): number {
    if (!(size <= this.left)) throw new DecodeError('it ends too early')
    const from = this.at
    this.at += size
    return from
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined for what is not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** A number as people write it. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** How many characters at the beginning of a text stand in none: controls, but for spaces and escapes of terminals. */
export function controlsIn(text: string): number {
  let controls = 0
  for (let at = 0; at < Math.min(text.length, 4096); at++) {
    const code = text.charCodeAt(at)
    if (code < 9 || (code > 13 && code < 32 && code !== 27)) controls++
  }
  return controls
}
