// The records of a batch, decompressed. A record, all numbers zigzag varints:
//
//   size │ attributes i8 │ timestampDelta │ offsetDelta │ keySize key │ valueSize value
//   │ headerCount │ { keySize key │ valueSize value } …
//
// A size of -1 is null. Invariant: nothing is read beyond the records, nor beyond one record by it.
import { CodecError } from '../codec-error.ts'
import type { BatchHeader } from './batch-header.ts'

const emptyBuffer = Buffer.alloc(0)

/**
 * Walks the records of one batch; one object serves a reader for all its batches.
 *
 * 1. `reset` with a batch's header and its decompressed records.
 * 2. `next()` until it returns false. While it returns true the fields describe one record.
 * 3. Within a record `nextHeader()` until it returns false, or not at all.
 *
 * Ranges are positions in `buffer`; the bytes are not copied. All methods throw CodecError.
 */
export class RecordReader {
  buffer: Buffer = emptyBuffer
  /** Number of the record within its batch, from 0. */
  index = -1
  /** Where it begins and ends, and where its timestamp does. */
  start = 0
  end = 0
  timestampEnd = 0
  offset = -1
  timestamp = -1
  /** -1 when the key is null. */
  keyStart = -1
  keyEnd = -1
  /** -1 when the value is null. */
  valueStart = -1
  valueEnd = -1
  headerCount = 0
  headerKeyStart = 0
  headerKeyEnd = 0
  /** -1 when the header's value is null. */
  headerValueStart = -1
  headerValueEnd = -1

  #baseOffset = 0
  #baseTimestamp = 0
  /** Timestamp of every record, or undefined when they have their own. */
  #appendTime: number | undefined
  #recordCount = 0
  #position = 0
  /** End of the current record. */
  #recordEnd = 0
  #headersLeft = 0
  /** Range of the size-prefixed bytes read last. */
  #start = -1
  #end = -1

  reset(header: BatchHeader, records: Buffer): void {
    this.buffer = records
    this.index = -1
    this.#baseOffset = header.baseOffset
    this.#baseTimestamp = header.baseTimestamp
    this.#appendTime = header.usesLogAppendTime ? header.maxTimestamp : undefined
    this.#recordCount = header.recordCount
    this.#position = 0
    this.#recordEnd = 0
    this.#headersLeft = 0
  }

  /** Lets go of the records. */
  release(): void {
    this.buffer = emptyBuffer
    this.#recordCount = 0
    this.#recordEnd = 0
  }

  /** Moves to the next record. False: that was all. */
  next(): boolean {
    this.#position = this.#recordEnd
    if (this.index + 1 >= this.#recordCount) {
      if (this.#position < this.buffer.length) throw this.#malformed('bytes after the last record')
      return false
    }
    this.index++
    this.start = this.#position
    this.#enterRecord()
    this.end = this.#recordEnd
    this.#position++
    const timestampDelta = this.#varlong()
    this.timestampEnd = this.#position
    this.timestamp = this.#appendTime ?? this.#baseTimestamp + timestampDelta
    this.offset = this.#baseOffset + this.#varint()
    this.#readRange()
    this.keyStart = this.#start
    this.keyEnd = this.#end
    this.#readRange()
    this.valueStart = this.#start
    this.valueEnd = this.#end
    this.headerCount = this.#varint()
    this.#headersLeft = this.headerCount
    if (this.headerCount < 0) throw this.#malformed(`${this.headerCount} headers`)
    return true
  }

  /** Moves to the next header of the record. False: that was all of them. */
  nextHeader(): boolean {
    if (this.#headersLeft === 0) {
      if (this.#position < this.#recordEnd) throw this.#malformed('bytes after the last header')
      return false
    }
    this.#headersLeft--
    this.#readRange()
    if (this.#start < 0) throw this.#malformed('null header key')
    this.headerKeyStart = this.#start
    this.headerKeyEnd = this.#end
    this.#readRange()
    this.headerValueStart = this.#start
    this.headerValueEnd = this.#end
    return true
  }

  /** The key, or null: a view. */
  key(): Buffer | null {
    return this.keyStart < 0 ? null : this.buffer.subarray(this.keyStart, this.keyEnd)
  }

  /** The value, or null: a view. */
  value(): Buffer | null {
    return this.valueStart < 0 ? null : this.buffer.subarray(this.valueStart, this.valueEnd)
  }

  headerKey(): string {
    return this.buffer.toString('utf8', this.headerKeyStart, this.headerKeyEnd)
  }

  /** The header's value, or null: a view. */
  headerValue(): Buffer | null {
    if (this.headerValueStart < 0) return null
    return this.buffer.subarray(this.headerValueStart, this.headerValueEnd)
  }

  #enterRecord(): void {
    this.#recordEnd = this.buffer.length
    const size = this.#varint()
    // One byte at least for each of the attributes, two deltas, two sizes and the header count.
    if (size < 6 || size > this.#recordEnd - this.#position) {
      throw this.#malformed(`record of ${size} bytes`)
    }
    this.#recordEnd = this.#position + size
  }

  #readRange(): void {
    const size = this.#varint()
    if (size < 0) {
      if (size < -1) throw this.#malformed(`size ${size}`)
      this.#start = -1
      this.#end = -1
      return
    }
    if (size > this.#recordEnd - this.#position) throw this.#malformed(`size ${size}`)
    this.#start = this.#position
    this.#position += size
    this.#end = this.#position
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#octet()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw this.#malformed('varint longer than 5 bytes')
  }

  /** Up to 64 bits; a result beyond ±2^53 is rounded. */
  #varlong(): number {
    let low = 0
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#octet()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1)
    }
    return this.#longVarlong(low)
  }

  /** Continues a varlong after its first 28 bits. */
  #longVarlong(low: number): number {
    let value = BigInt(low)
    for (let shift = 28n; shift <= 63n; shift += 7n) {
      const byte = this.#octet()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        return Number(BigInt.asIntN(64, (BigInt.asUintN(64, value) >> 1n) ^ -(value & 1n)))
      }
    }
    throw this.#malformed('varint longer than 10 bytes')
  }

  #octet(): number {
    if (this.#position >= this.#recordEnd) throw this.#malformed('the record ends in a field')
    return this.buffer[this.#position++] as number
  }

  #malformed(reason: string): CodecError {
    return new CodecError('syntax_error', `record ${this.index}: ${reason}`, this.#position)
  }
}
