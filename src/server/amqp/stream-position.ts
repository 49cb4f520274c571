// A stream delivery says where it comes from: headers x-stream-offset and x-stream-partition.
import { copyBytes } from '../../lib/copy-bytes.ts'
import { sizeWithHeaders, writeWithHeaders } from '../../record/message/add-headers.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
  findHeader,
} from '../../record/message/content-header.ts'
import { FieldTable } from '../../record/message/field-table.ts'
import { TAG_LONG, TAG_SIGNED_INT } from '../../record/message/field-tag.ts'
import { RecordView } from '../../record/message/record-view.ts'

const offsetName = 'x-stream-offset'
const partitionName = 'x-stream-partition'
const scratchSizeMin = 1024

/** One object per consumer; the view it returns holds until the next call. */
export class StreamPosition {
  readonly #view = new RecordView()
  #scratch: Buffer = Buffer.allocUnsafe(scratchSizeMin)
  /** Both entries as they stand in a field table. */
  readonly #entries: Buffer
  readonly #offsetAt: number
  readonly #partitionAt: number

  constructor() {
    const offset = Buffer.concat([encodeName(offsetName), Buffer.from([TAG_LONG]), Buffer.alloc(8)])
    const partition = Buffer.concat([
      encodeName(partitionName),
      Buffer.from([TAG_SIGNED_INT]),
      Buffer.alloc(4),
    ])
    this.#entries = Buffer.concat([offset, partition])
    this.#offsetAt = offset.length - 8
    this.#partitionAt = this.#entries.length - 4
  }

  /** The record with its position among its headers. */
  add(record: RecordView, partition: number): RecordView {
    const entries = this.#entries
    entries.writeUInt32BE(Math.floor(record.offset / 0x1_0000_0000), this.#offsetAt)
    entries.writeUInt32BE(record.offset >>> 0, this.#offsetAt + 4)
    entries.writeInt32BE(partition, this.#partitionAt)
    const header = headerOf(record)
    const addressSize = record.headerStart - record.addressStart
    const size = addressSize + sizeWithHeaders(header, entries)
    if (size > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(size * 2)
    const view = this.#view
    view.offset = record.offset
    view.timestamp = record.timestamp
    view.buffer = this.#scratch
    view.addressStart = 0
    view.headerStart = copyBytes(
      record.buffer,
      record.addressStart,
      record.headerStart,
      this.#scratch,
      0,
    )
    view.headerEnd = writeWithHeaders(header, entries, this.#scratch, view.headerStart)
    view.body = record.body
    view.bodyStart = record.bodyStart
    view.bodyEnd = record.bodyEnd
    return view
  }
}

/** The content header, without the position that a message had in the stream it comes from. */
function headerOf(record: RecordView): { buffer: Buffer; start: number; end: number } {
  const { buffer, headerStart: start, headerEnd: end } = record
  const hasPosition =
    findHeader(buffer, start, end, offsetName) ?? findHeader(buffer, start, end, partitionName)
  if (hasPosition === undefined) return { buffer, start, end }
  const { bodySize, properties } = decodeContentHeader(buffer, start, end)
  const entries = (properties.headers?.entries ?? []).filter(
    ({ name }) => name !== offsetName && name !== partitionName,
  )
  const cleaned = encodeContentHeader(bodySize, { ...properties, headers: new FieldTable(entries) })
  return { buffer: cleaned, start: 0, end: cleaned.length }
}

function encodeName(name: string): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name)])
}
