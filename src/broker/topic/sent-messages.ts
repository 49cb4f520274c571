// How far a partition has come with messages that its home sends: they are numbered, and each is taken once. Kept with
// what they are appended by.
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import type { Ticket } from '../../log/ticket.ts'

const keyPrefix = 'sent-by-home/'

export interface SentMessages {
  /** In which the messages are numbered. */
  readonly sequence: string
  /** Messages with lower numbers are there. */
  readonly next: number
  /** Of what came last; undefined when it is durable. */
  ticket: Ticket | undefined
}

export function sentKey(logId: number): string {
  return `${keyPrefix}${logId}`
}

/** Whose key of the keyed state it is; undefined for other keys. */
export function parseSentKey(key: string): number | undefined {
  return key.startsWith(keyPrefix) ? Number(key.slice(keyPrefix.length)) : undefined
}

export function encodeSent({ sequence, next }: Omit<SentMessages, 'ticket'>): Buffer {
  const bytes = Buffer.alloc(8 + Buffer.byteLength(sequence))
  writeInt64(bytes, 0, next)
  bytes.write(sequence, 8)
  return bytes
}

export function decodeSent(bytes: Buffer): SentMessages {
  return { sequence: bytes.toString('utf8', 8), next: readInt64(bytes, 0), ticket: undefined }
}
