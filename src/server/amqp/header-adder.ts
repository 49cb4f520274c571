// Puts headers of the broker's own on a message that leaves, without touching the stored one. What the
// message came with under the same names goes.
import { copyBytes } from '../../lib/copy-bytes.ts'
import { sizeWithHeaders, writeWithHeaders } from '../../record/message/add-headers.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
  findHeader,
} from '../../record/message/content-header.ts'
import { FieldTable } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'

const scratchSizeMin = 1024

export class HeaderAdder {
  readonly #names: readonly string[]
  readonly #view = new RecordView()
  #scratch: Buffer = Buffer.allocUnsafe(scratchSizeMin)

  constructor(names: readonly string[]) {
    this.#names = names
  }

  /** The record with `entries`, which are encoded, among its headers: valid until the next call. */
  add(record: RecordView, entries: Buffer): RecordView {
    const header = this.#headerOf(record)
    const addressSize = record.headerStart - record.addressStart
    const size = addressSize + sizeWithHeaders(header, entries)
    if (size > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(size * 2)
    const view = this.#view
    const scratch = this.#scratch
    const { buffer, addressStart, headerStart } = record
    view.offset = record.offset
    view.timestamp = record.timestamp
    view.buffer = scratch
    view.addressStart = 0
    view.headerStart = copyBytes(buffer, addressStart, headerStart, scratch, 0)
    view.headerEnd = writeWithHeaders(header, entries, scratch, view.headerStart)
    view.body = record.body
    view.bodyStart = record.bodyStart
    view.bodyEnd = record.bodyEnd
    return view
  }

  #headerOf(record: RecordView): { buffer: Buffer; start: number; end: number } {
    const { buffer, headerStart: start, headerEnd: end } = record
    const isThere = this.#names.some((name) => findHeader(buffer, start, end, name) !== undefined)
    if (!isThere) return { buffer, start, end }
    const { bodySize, properties } = decodeContentHeader(buffer, start, end)
    const others = (properties.headers?.entries ?? []).filter(
      ({ name }) => !this.#names.includes(name),
    )
    const cleaned = encodeContentHeader(bodySize, {
      ...properties,
      headers: new FieldTable(others),
    })
    return { buffer: cleaned, start: 0, end: cleaned.length }
  }
}

/** A name as it stands in a field table. */
export function encodeName(name: string): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name)])
}
