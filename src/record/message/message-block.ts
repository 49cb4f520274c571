// Whole messages one after the other, for those who hand messages over without looking into them:
//
//   0 headerSize u32 │ 4 bodySize u32 │ 8 address │ content header │ body
//
// Address and content header are in the form that AMQP has on the wire (address.ts, content-header.ts).
import { CodecError } from '../codec-error.ts'
import { addressSizeAt } from './address.ts'
import { validateContentHeader } from './content-header.ts'
import { RecordSource } from './record-source.ts'

const prefixSize = 8

/** A message as it came. */
export interface RawMessage {
  readonly address: Buffer
  readonly header: Buffer
  readonly body: Buffer
}

/** Bytes that a message takes in a block. */
export function sizeInBlock({ address, header, body }: RawMessage): number {
  return prefixSize + address.length + header.length + body.length
}

export function encodeMessageBlock(messages: readonly RawMessage[]): Buffer {
  const parts: Buffer[] = []
  for (const { address, header, body } of messages) {
    const prefix = Buffer.allocUnsafe(prefixSize)
    prefix.writeUInt32BE(header.length, 0)
    prefix.writeUInt32BE(body.length, 4)
    parts.push(prefix, address, header, body)
  }
  return Buffer.concat(parts)
}

/**
 * The messages of a block: views of it. Throws CodecError for a block that ends within a message, and for
 * an address or a content header that is none.
 */
export function decodeMessageBlock(block: Buffer): RecordSource[] {
  const sources: RecordSource[] = []
  for (let at = 0; at < block.length;) {
    const source = decodeAt(block, at)
    sources.push(source)
    at = source.bodyEnd
  }
  return sources
}

function decodeAt(block: Buffer, start: number): RecordSource {
  const addressStart = start + prefixSize
  const addressSize = addressSizeAt(block, Math.min(addressStart, block.length), block.length)
  if (addressSize < 0) throw cutOff(start)
  const headerStart = addressStart + addressSize
  const headerEnd = headerStart + block.readUInt32BE(start)
  const bodyEnd = headerEnd + block.readUInt32BE(start + 4)
  if (bodyEnd > block.length) throw cutOff(start)
  validateContentHeader(block, headerStart, headerEnd)
  const source = new RecordSource()
  Object.assign(source, { address: block, addressStart, addressEnd: headerStart })
  Object.assign(source, { header: block, headerStart, headerEnd })
  return Object.assign(source, { body: block, bodyStart: headerEnd, bodyEnd })
}

function cutOff(position: number): CodecError {
  return new CodecError('syntax_error', 'a block of messages ends within one', position)
}
