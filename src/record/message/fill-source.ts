// Points a message on its way into logs at its bytes: its own, or those of a message that is stored already.
import type { RawMessage } from './message-block.ts'
import { RecordSource } from './record-source.ts'
import type { RecordView } from './record-view.ts'

export function setAddress(source: RecordSource, address: Buffer): void {
  source.address = address
  source.addressStart = 0
  source.addressEnd = address.length
}

export function setHeader(source: RecordSource, header: Buffer): void {
  source.header = header
  source.headerStart = 0
  source.headerEnd = header.length
}

/** A new message of whole buffers. */
export function sourceFrom({ address, header, body }: RawMessage): RecordSource {
  const source = new RecordSource()
  setAddress(source, address)
  setHeader(source, header)
  source.body = body
  source.bodyEnd = body.length
  return source
}

/** A stored message, to be stored once more. Good as long as the view is. */
export function fillFromView(source: RecordSource, view: RecordView): void {
  source.address = view.buffer
  source.addressStart = view.addressStart
  source.addressEnd = view.headerStart
  source.header = view.buffer
  source.headerStart = view.headerStart
  source.headerEnd = view.headerEnd
  source.body = view.body
  source.bodyStart = view.bodyStart
  source.bodyEnd = view.bodyEnd
  source.asideId = view.asideId
  source.hasDeaths = view.hasDeaths
}
