// A Kafka batch, decompressed, and a reader that goes through its records from any offset on.
import { type BatchHeader, readBatchHeader, recordsOf } from '../record/batch/batch-header.ts'
import { decompress } from '../record/batch/compression.ts'
import { RecordReader } from '../record/batch/record-reader.ts'
import { CodecError } from '../record/codec-error.ts'

/**
 * 1. `goTo` an offset: true when `record` stands at the first record at or after it.
 * 2. `advance` to the next one until it returns false.
 *
 * All methods throw CodecError for records that are not what the header says.
 */
export class OpenedBatch {
  readonly header: BatchHeader
  /** The record it stands at. */
  readonly record: RecordReader = new RecordReader()
  /** Records and headers, each of which takes about a microsecond or two. */
  readonly work: number
  /** The least: a producer's records need not be in the order of their times. */
  readonly firstTimestamp: number
  readonly #records: Buffer
  #isAtRecord = false
  /** Offset of the record before the one it stands at, or of the last one at the end. */
  #previous = -1

  /** Throws CodecError, `frame_error` when the records decompress to more than `sizeMax` bytes. */
  constructor(bytes: Buffer, sizeMax: number) {
    const header = readBatchHeader(bytes)
    this.header = header
    this.#records = decompressRecords(header, bytes, sizeMax)
    const { record } = this
    let firstTimestamp = header.maxTimestamp
    let work = 0
    record.reset(header, this.#records)
    while (record.next()) {
      firstTimestamp = Math.min(firstTimestamp, record.timestamp)
      work += 1 + record.headerCount
    }
    this.firstTimestamp = firstTimestamp
    this.work = work
    this.#rewind()
  }

  get lastOffset(): number {
    return this.header.baseOffset + this.header.lastOffsetDelta
  }

  /** Bytes of the records. */
  get size(): number {
    return this.#records.length
  }

  goTo(offset: number): boolean {
    if (offset <= this.#previous) this.#rewind()
    if (this.#previous < this.header.baseOffset && !this.#isAtRecord) this.advance()
    while (this.#isAtRecord && this.record.offset < offset) this.advance()
    return this.#isAtRecord
  }

  advance(): boolean {
    const { record } = this
    if (this.#isAtRecord) this.#previous = record.offset
    this.#isAtRecord = record.next()
    const { offset } = record
    if (this.#isAtRecord && (offset <= this.#previous || offset > this.lastOffset)) {
      throw new CodecError('syntax_error', `offset ${offset} is out of order`, 0)
    }
    return this.#isAtRecord
  }

  #rewind(): void {
    this.record.reset(this.header, this.#records)
    this.#isAtRecord = false
    this.#previous = this.header.baseOffset - 1
  }
}

function decompressRecords(header: BatchHeader, bytes: Buffer, sizeMax: number): Buffer {
  if (header.compression === undefined) {
    throw new CodecError('syntax_error', 'the batch has an unknown compression', 0)
  }
  return decompress(header.compression, recordsOf(bytes), sizeMax)
}
