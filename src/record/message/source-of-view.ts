import { RecordSource } from './record-source.ts'
import type { RecordView } from './record-view.ts'

/** A stored message, to be stored once more with another address. Good as long as the view is. */
export function sourceOfView(view: RecordView, address: Buffer): RecordSource {
  const source = new RecordSource()
  source.address = address
  source.addressEnd = address.length
  source.header = view.buffer
  source.headerStart = view.headerStart
  source.headerEnd = view.headerEnd
  source.body = view.body
  source.bodyStart = view.bodyStart
  source.bodyEnd = view.bodyEnd
  source.asideId = view.asideId
  source.hasDeaths = view.hasDeaths
  return source
}
