// Messages that come as JSON.
import { RecordSource } from '../../record/message/record-source.ts'

/** Undefined for what is no base64. */
export function decodePayload({
  payload,
  payload_encoding: encoding,
}: {
  readonly payload: string
  readonly payload_encoding: 'string' | 'base64'
}): Buffer | undefined {
  if (encoding === 'string') return Buffer.from(payload)
  const text = payload.replaceAll(/\s/g, '')
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

export function sourceOf(address: Buffer, header: Buffer, body: Buffer): RecordSource {
  const source = new RecordSource()
  source.address = address
  source.addressEnd = address.length
  source.header = header
  source.headerEnd = header.length
  source.body = body
  source.bodyEnd = body.length
  return source
}
