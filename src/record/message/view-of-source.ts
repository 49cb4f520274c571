import type { RecordSource } from './record-source.ts'
import { RecordView } from './record-view.ts'

/** A message that is not stored yet, as readers of stored messages see one. Its bytes are copied. */
export function viewOfSource(source: RecordSource): RecordView {
  const { address, addressStart, addressEnd, header, headerStart, headerEnd } = source
  const view = new RecordView()
  const parts = [
    address.subarray(addressStart, addressEnd),
    header.subarray(headerStart, headerEnd),
  ]
  view.buffer = Buffer.concat(parts)
  view.headerStart = addressEnd - addressStart
  view.headerEnd = view.buffer.length
  view.body = source.body
  view.bodyStart = source.bodyStart
  view.bodyEnd = source.bodyEnd
  view.asideId = source.asideId
  view.hasDeaths = source.hasDeaths
  return view
}
