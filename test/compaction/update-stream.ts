// Updates of keys at random, from a seed, in batches as producers send them; and what must be left of them.
import { crc32c } from '../../src/lib/crc32c.ts'
import { writeInt64 } from '../../src/lib/int64.ts'
import { batchField } from '../../src/record/batch/batch-header.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'

/** Batches that are made beforehand and sent over and over: to make each anew would be the limit. */
const poolSize = 200
const fewCount = 10
const crcStart = batchField.attributes

export interface UpdateOptions {
  readonly seed: number
  readonly keyCount: number
  readonly batchSize: number
  /** Bytes of a value. */
  readonly valueSize: number
}

interface Pooled {
  readonly batch: Buffer
  /** Of each record, in order. */
  readonly keys: readonly number[]
}

export class UpdateStream {
  /** By key: the offset of its newest record; -1 for none. */
  readonly newest: Float64Array
  readonly #pool: readonly Pooled[]
  readonly #random: ReturnType<typeof seededRandom>
  /** Where the next batch will be: one producer alone writes to the partition. */
  endOffset = 0

  constructor({ seed, keyCount, batchSize, valueSize }: UpdateOptions) {
    this.#random = seededRandom(seed)
    this.newest = new Float64Array(keyCount).fill(-1)
    const value = 'v'.repeat(valueSize)
    this.#pool = Array.from({ length: poolSize }, () => {
      const keys = Array.from({ length: batchSize }, () => this.#random.below(keyCount))
      const records = keys.map((key) => ({ key: keyName(key), value, timestamp: 0 }))
      return { batch: batchOfRecords(records), keys }
    })
  }

  /** The next batch, with the time `now` for all its records. */
  next(now: number): Buffer {
    const { batch, keys } = this.#pool[this.#random.below(poolSize)]!
    this.#note(keys)
    const sent = Buffer.from(batch)
    writeInt64(sent, batchField.baseTimestamp, now)
    writeInt64(sent, batchField.maxTimestamp, now)
    sent.writeUInt32BE(crc32c(sent.subarray(crcStart)), batchField.crc)
    return sent
  }

  /** A few updates as a batch of their own. */
  few(now: number): Buffer {
    const keys = Array.from({ length: fewCount }, () => this.#random.below(this.newest.length))
    this.#note(keys)
    return batchOfRecords(keys.map((key) => ({ key: keyName(key), value: 'few', timestamp: now })))
  }

  #note(keys: readonly number[]): void {
    for (const [index, key] of keys.entries()) this.newest[key] = this.endOffset + index
    this.endOffset += keys.length
  }

  /** What is wrong with the records that are left, in the order of their offsets; undefined: nothing is. */
  check(left: Iterable<{ readonly key: string; readonly offset: number }>): string | undefined {
    const found = new Float64Array(this.newest.length).fill(-1)
    let before = -1
    for (const { key, offset } of left) {
      if (offset <= before) return `offset ${offset} comes after ${before}`
      before = offset
      found[Number(key.slice(keyStart.length))] = offset
    }
    const lost = this.newest.findIndex((offset, key) => found[key] !== offset)
    if (lost < 0) return undefined
    return `the newest record of key ${lost} is at ${found[lost]} and not at ${this.newest[lost]}`
  }
}

const keyStart = 'key-'

function keyName(key: number): string {
  return `${keyStart}${String(key).padStart(6, '0')}`
}
