// Builds a record batch from records that are not Kafka's own. Layout: record-batch.ts for the
// header, record-reader.ts for the records.
import { batchHeaderSize, writeBatchHeader } from './batch-header.ts'
import { compress, type CompressionName } from './compression.ts'

export interface RecordHeader {
  readonly key: string | Buffer
  readonly value: Buffer | null
}

/** May be one object that the caller fills anew for each record. */
export interface NewRecord {
  /** Must rise from record to record; gaps are allowed, as after compaction. */
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

export interface BatchOptions {
  readonly leaderEpoch?: number
  readonly compression?: CompressionName
  /** Last offset the batch stands for, when records after the last one are gone. */
  readonly lastOffset?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
}

const initialSize = 4096

/** One batch: `append` for each record, then `finish` once. */
export class RecordBatchBuilder {
  recordCount = 0

  readonly #baseOffset: number
  #baseTimestamp = 0
  #maxTimestamp = -1
  #lastOffset: number
  #buffer: Buffer = Buffer.allocUnsafe(initialSize)
  #position = batchHeaderSize

  constructor(baseOffset: number) {
    this.#baseOffset = baseOffset
    this.#lastOffset = baseOffset - 1
  }

  /** Bytes so far, uncompressed, header included. */
  get size(): number {
    return this.#position
  }

  /** Copies the record into the batch. */
  append(record: NewRecord): void {
    if (record.offset <= this.#lastOffset) {
      throw new RangeError(`offset ${record.offset} after ${this.#lastOffset}`)
    }
    if (this.recordCount === 0) this.#baseTimestamp = record.timestamp
    const timestampDelta = zigzag(record.timestamp - this.#baseTimestamp)
    const offsetDelta = zigzag(record.offset - this.#baseOffset)
    const bodySize =
      1 +
      varintSize(timestampDelta) +
      varintSize(offsetDelta) +
      bytesSize(record.key) +
      bytesSize(record.value) +
      headersSize(record.headers)
    this.#reserve(varintSize(zigzag(bodySize)) + bodySize)
    this.#varint(zigzag(bodySize))
    this.#buffer[this.#position++] = 0
    this.#varint(timestampDelta)
    this.#varint(offsetDelta)
    this.#bytes(record.key)
    this.#bytes(record.value)
    this.#headers(record.headers)
    this.#lastOffset = record.offset
    this.#maxTimestamp = Math.max(this.#maxTimestamp, record.timestamp)
    this.recordCount++
  }

  /** The whole batch with its CRC. The builder is empty afterwards and must not be used again. */
  finish(options: BatchOptions = {}): Buffer {
    const compression = options.compression ?? 'none'
    const batch = this.#compressed(compression)
    writeBatchHeader(batch, {
      baseOffset: this.#baseOffset,
      leaderEpoch: options.leaderEpoch ?? -1,
      compression,
      usesLogAppendTime: false,
      isTransactional: options.isTransactional ?? false,
      isControl: options.isControl ?? false,
      hasDeleteHorizon: false,
      lastOffsetDelta: (options.lastOffset ?? this.#lastOffset) - this.#baseOffset,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      producerId: options.producerId ?? -1,
      producerEpoch: options.producerEpoch ?? -1,
      baseSequence: options.baseSequence ?? -1,
      recordCount: this.recordCount,
    })
    return batch
  }

  #compressed(compression: CompressionName): Buffer {
    const batch = this.#buffer.subarray(0, this.#position)
    this.#buffer = Buffer.allocUnsafe(0)
    if (compression === 'none') return batch
    const records = compress(compression, batch.subarray(batchHeaderSize))
    return Buffer.concat([batch.subarray(0, batchHeaderSize), records])
  }

  #headers(headers: readonly RecordHeader[]): void {
    this.#varint(zigzag(headers.length))
    for (const { key, value } of headers) {
      if (typeof key === 'string') this.#text(key)
      else this.#bytes(key)
      this.#bytes(value)
    }
  }

  #text(text: string): void {
    const size = Buffer.byteLength(text)
    this.#varint(zigzag(size))
    this.#buffer.write(text, this.#position, size, 'utf8')
    this.#position += size
  }

  #bytes(bytes: Buffer | null): void {
    if (bytes === null) {
      this.#varint(zigzag(-1))
      return
    }
    this.#varint(zigzag(bytes.length))
    this.#buffer.set(bytes, this.#position)
    this.#position += bytes.length
  }

  #varint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#buffer[this.#position++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#position++] = rest
  }

  #reserve(size: number): void {
    const needed = this.#position + size
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }
}

/** Unsigned form of a small signed number: 0, -1, 1, -2 … become 0, 1, 2, 3 … */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++
  return size
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length * 2) + bytes.length
}

function headersSize(headers: readonly RecordHeader[]): number {
  let size = varintSize(headers.length * 2)
  for (const { key, value } of headers) {
    const keySize = typeof key === 'string' ? Buffer.byteLength(key) : key.length
    size += varintSize(keySize * 2) + keySize + bytesSize(value)
  }
  return size
}
