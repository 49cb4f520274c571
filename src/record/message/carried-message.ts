// Messages on their way to another cell, one after the other: sizes, then address, header and body as they are stored.
// Bodies that are in files of their own go with them.
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { CodecError } from '../codec-error.ts'
import { RecordView } from './record-view.ts'

/** Of address, header and body, then flags, offset and timestamp. */
const headSize = 32
const hasDeathsFlag = 1

/** The record as bytes; its body has to be in memory. */
export function encodeCarried(record: RecordView): Buffer {
  const { buffer, addressStart, headerStart, headerEnd, body, bodyStart, bodyEnd } = record
  const headersSize = headerEnd - addressStart
  const bytes = Buffer.allocUnsafe(headSize + headersSize + bodyEnd - bodyStart)
  bytes.writeUInt32BE(headerStart - addressStart, 0)
  bytes.writeUInt32BE(headerEnd - headerStart, 4)
  bytes.writeUInt32BE(bodyEnd - bodyStart, 8)
  bytes.writeUInt32BE(record.hasDeaths ? hasDeathsFlag : 0, 12)
  writeInt64(bytes, 16, record.offset)
  writeInt64(bytes, 24, record.timestamp)
  buffer.copy(bytes, headSize, addressStart, headerEnd)
  body.copy(bytes, headSize + headersSize, bodyStart, bodyEnd)
  return bytes
}

/** What `encodeCarried` made, as views of `bytes`. Throws CodecError. */
export function decodeCarried(bytes: Buffer): RecordView[] {
  const views: RecordView[] = []
  for (let at = 0; at < bytes.length;) {
    const view = decodeAt(bytes, at)
    views.push(view)
    at = view.bodyEnd
  }
  return views
}

function decodeAt(bytes: Buffer, at: number): RecordView {
  if (at + headSize > bytes.length) throw cutOff(at)
  const view = new RecordView()
  view.buffer = bytes
  view.body = bytes
  view.addressStart = at + headSize
  view.headerStart = view.addressStart + bytes.readUInt32BE(at)
  view.headerEnd = view.headerStart + bytes.readUInt32BE(at + 4)
  view.bodyStart = view.headerEnd
  view.bodyEnd = view.bodyStart + bytes.readUInt32BE(at + 8)
  view.hasDeaths = bytes.readUInt32BE(at + 12) === hasDeathsFlag
  view.offset = readInt64(bytes, at + 16)
  view.timestamp = readInt64(bytes, at + 24)
  if (view.bodyEnd > bytes.length) throw cutOff(at)
  return view
}

function cutOff(at: number): CodecError {
  return new CodecError('frame_error', 'a message that another cell has sent is cut off', at)
}
