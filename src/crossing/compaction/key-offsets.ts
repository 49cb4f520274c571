// The latest offset of each key, as Kafka's OffsetMap has it: by a hash of 128 bits, so that a key takes 24
// bytes whatever its size. Two keys with one hash would be taken for one; with a seed drawn for each map
// nobody can look for such keys.
import { topicLimits } from '../../limits/topic.ts'

const hashWords = 4
/** Four words of hash and an offset. */
const slotSize = 24
const slotCountMin = 1024

export class KeyOffsets {
  count = 0
  readonly #seed: number
  readonly #slotCountMax: number
  #slotCount = slotCountMin
  #hashes = new Uint32Array(slotCountMin * hashWords)
  /** 0: free; otherwise the offset, counted from 1. */
  #offsets = new Float64Array(slotCountMin)

  /** It takes at most `sizeMax` bytes, but for what `makeRoom` must have. */
  constructor(seed: number, sizeMax: number) {
    this.#seed = seed
    this.#slotCountMax = 2 ** Math.floor(Math.log2(Math.max(sizeMax / slotSize, slotCountMin)))
  }

  /** Makes room for `count` more keys; false when that would be too many. An empty map always does. */
  makeRoom(count: number): boolean {
    const needed = (this.count + count) / topicLimits.keyOffsetsLoadMax
    let slotCount = this.#slotCount
    while (slotCount < needed) slotCount *= 2
    if (slotCount > this.#slotCountMax && this.count > 0) return false
    if (slotCount > this.#slotCount) this.#grow(slotCount)
    return true
  }

  /** Notes where the key in `bytes[start, end)` is. To be called with rising offsets, after `makeRoom`. */
  set(bytes: Buffer, start: number, end: number, offset: number): void {
    const hash = hash128(bytes, start, end, this.#seed)
    const slot = this.#slotOf(hash, 0)
    if (this.#offsets[slot] === 0) {
      this.#hashes.set(hash, slot * hashWords)
      this.count++
    }
    this.#offsets[slot] = offset + 1
  }

  /** The latest offset of the key, or -1. */
  get(bytes: Buffer, start: number, end: number): number {
    return this.#offsets[this.#slotOf(hash128(bytes, start, end, this.#seed), 0)]! - 1
  }

  /** The slot with the hash at `at` of `words`, or the free one where it belongs. */
  #slotOf(words: Uint32Array, at: number): number {
    const mask = this.#slotCount - 1
    const hashes = this.#hashes
    for (let slot = words[at]! & mask; ; slot = (slot + 1) & mask) {
      if (this.#offsets[slot] === 0) return slot
      const place = slot * hashWords
      const isSame =
        hashes[place] === words[at] &&
        hashes[place + 1] === words[at + 1] &&
        hashes[place + 2] === words[at + 2] &&
        hashes[place + 3] === words[at + 3]
      if (isSame) return slot
    }
  }

  #grow(slotCount: number): void {
    const hashes = this.#hashes
    const offsets = this.#offsets
    this.#slotCount = slotCount
    this.#hashes = new Uint32Array(slotCount * hashWords)
    this.#offsets = new Float64Array(slotCount)
    for (let slot = 0; slot < offsets.length; slot++) {
      if (offsets[slot] === 0) continue
      const to = this.#slotOf(hashes, slot * hashWords)
      this.#hashes.set(hashes.subarray(slot * hashWords, (slot + 1) * hashWords), to * hashWords)
      this.#offsets[to] = offsets[slot]!
    }
  }
}

/** Of the last call: one for all. */
const result = new Uint32Array(hashWords)

/** MurmurHash3 of 128 bits in 32-bit steps (public domain). The words are valid until the next call. */
export function hash128(bytes: Buffer, start: number, end: number, seed: number): Uint32Array {
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  let at = start
  for (; at + 16 <= end; at += 16) {
    h1 = (Math.imul(rotate(h1 ^ mix1(word(bytes, at)), 19) + h2, 5) + 0x561ccd1b) | 0
    h2 = (Math.imul(rotate(h2 ^ mix2(word(bytes, at + 4)), 17) + h3, 5) + 0x0bcaa747) | 0
    h3 = (Math.imul(rotate(h3 ^ mix3(word(bytes, at + 8)), 15) + h4, 5) + 0x96cd1c35) | 0
    h4 = (Math.imul(rotate(h4 ^ mix4(word(bytes, at + 12)), 13) + h1, 5) + 0x32ac3b17) | 0
  }
  h1 ^= mix1(tail(bytes, at, Math.min(at + 4, end)))
  h2 ^= mix2(tail(bytes, at + 4, Math.min(at + 8, end)))
  h3 ^= mix3(tail(bytes, at + 8, Math.min(at + 12, end)))
  h4 ^= mix4(tail(bytes, at + 12, end))
  const length = end - start
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  result[0] = h1
  result[1] = h2 + h1
  result[2] = h3 + h1
  result[3] = h4 + h1
  return result
}

function word(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function tail(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = end - 1; at >= start; at--) value = (value << 8) | bytes[at]!
  return value
}

function rotate(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count))
}

function mix1(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0x239b961b), 15), 0xab0e9789)
}

function mix2(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0xab0e9789), 16), 0x38b34ae5)
}

function mix3(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0x38b34ae5), 17), 0xa1e38b93)
}

function mix4(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0xa1e38b93), 18), 0x239b961b)
}

function finish(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
