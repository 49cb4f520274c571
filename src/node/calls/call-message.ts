// A message of a call as bytes: the size of its JSON in four bytes, the JSON, and the rest.
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { CallError } from './call-error.ts'
import type { Message } from './calls.ts'

const sizeBytes = 4
const nothing = Buffer.alloc(0)

export function encodeMessage({ content, body = nothing }: Message<unknown>): Buffer {
  const json = Buffer.from(JSON.stringify(content))
  const size = Buffer.alloc(sizeBytes)
  size.writeUInt32BE(json.length)
  return Buffer.concat([size, json, body])
}

/** Throws `CallError` for what is no message. */
export function decodeMessage<Content>(bytes: Buffer): Message<Content> & { body: Buffer } {
  try {
    const end = sizeBytes + bytes.readUInt32BE()
    if (end > bytes.length) throw new RangeError('it is cut')
    const content = JSON.parse(bytes.toString('utf8', sizeBytes, end)) as Content
    return { content, body: bytes.subarray(end) }
  } catch (error) {
    throw new CallError('refused', `what another node said makes no sense: ${String(error)}`)
  }
}

/** All of a request or an answer. Throws `CallError` for one that is too large, and when it breaks off. */
export async function readWhole(from: Request | Response): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of from.body ?? []) {
      size += part.length
      if (size > clusterHttpLimits.callSizeMax) break
      parts.push(part)
    }
  } catch (error) {
    throw new CallError('unreachable', `it broke off: ${String(error)}`, { mayBeDone: true })
  }
  if (size <= clusterHttpLimits.callSizeMax) return Buffer.concat(parts)
  throw new CallError('refused', `${size} bytes are too many for a call`)
}
