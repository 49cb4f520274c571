// A message that came back to a queue that counts it says how often: header x-delivery-count. Source:
// RabbitMQ 4.2, rabbit_fifo_client.erl.
import { writeInt64 } from '../../lib/int64.ts'
import { TAG_LONG } from '../../record/message/field-tag.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { encodeName, HeaderAdder } from './header-adder.ts'

const countName = 'x-delivery-count'
const adder = new HeaderAdder([countName])
const entry = Buffer.concat([encodeName(countName), Buffer.from([TAG_LONG]), Buffer.alloc(8)])

/** The record with its count among its headers; as it is when it never came back. Valid until the next call. */
export function withDeliveryCount(record: RecordView, count: number): RecordView {
  if (count === 0) return record
  writeInt64(entry, entry.length - 8, count)
  return adder.add(record, entry)
}
