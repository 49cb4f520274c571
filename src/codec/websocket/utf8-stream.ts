// UTF-8 that comes in pieces: a character may begin in one and end in another.
import { isUtf8 } from 'node:buffer'

const none: Buffer = Buffer.alloc(0)

export class Utf8Stream {
  /** The beginning of a character. */
  #rest: Buffer = none

  /** Whether all so far may be the beginning of a text. */
  add(piece: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const size = wholeSize(bytes)
    if (!isUtf8(bytes.subarray(0, size))) return false
    this.#rest = size === bytes.length ? none : Buffer.from(bytes.subarray(size))
    return this.#rest.length === 0 || mayBegin(this.#rest)
  }

  /** Whether the text may end here; the next one begins. */
  end(): boolean {
    const isWhole = this.#rest.length === 0
    this.#rest = none
    return isWhole
  }
}

/** Bytes up to where the last character begins, if the end of that is not there. */
export function wholeSize(bytes: Buffer): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number
    if (byte < 0x80) return length
    if (byte >= 0xc0) return sizeOf(byte) > back ? length - back : length
  }
  return length
}

/** Of the character that begins with `byte`. */
function sizeOf(byte: number): number {
  if (byte >= 0xf0) return 4
  return byte >= 0xe0 ? 3 : 2
}

/** Whether some character begins with these bytes, of which there are one to three. */
function mayBegin(bytes: Buffer): boolean {
  const [first = 0, second] = bytes
  if (first < 0xc2 || first > 0xf4) return false
  if (second === undefined) return true
  const [low, high] = secondRange(first)
  return second >= low && second <= high && ((bytes[2] ?? 0x80) & 0xc0) === 0x80
}

/** No character is longer than it need be, none is half of a pair, none is above U+10FFFF (RFC 3629 4). */
function secondRange(first: number): readonly [low: number, high: number] {
  if (first === 0xe0) return [0xa0, 0xbf]
  if (first === 0xed) return [0x80, 0x9f]
  if (first === 0xf0) return [0x90, 0xbf]
  return first === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf]
}
