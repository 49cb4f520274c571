// A stream delivery says where it comes from: headers x-stream-offset and x-stream-partition.
import { writeInt64 } from '../../lib/int64.ts'
import { TAG_LONG, TAG_SIGNED_INT } from '../../record/message/field-tag.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { encodeName, HeaderAdder } from './header-adder.ts'

const offsetName = 'x-stream-offset'
const partitionName = 'x-stream-partition'

/** One object per consumer; the view it returns holds until the next call. */
export class StreamPosition {
  readonly #adder = new HeaderAdder([offsetName, partitionName])
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
    writeInt64(this.#entries, this.#offsetAt, record.offset)
    this.#entries.writeInt32BE(partition, this.#partitionAt)
    return this.#adder.add(record, this.#entries)
  }
}
