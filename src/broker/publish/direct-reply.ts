// Direct reply-to on the publishing side: what a requester's reply-to becomes, and where answers go.
import { decodeAddress } from '../../record/message/address.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
  readReplyTo,
} from '../../record/message/content-header.ts'
import { setHeader } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { preconditionFailed } from '../broker-error.ts'
import { isReplyAddress, replyQueueName } from '../reply-registry.ts'

const firstLetter = 'a'.charCodeAt(0)

/**
 * Replaces a reply-to that means "me" by the requester's own address. Throws `precondition_failed`
 * when it has none.
 */
export function replaceReplyTo(source: RecordSource, ownAddress: string | undefined): void {
  const { header, headerStart, headerEnd } = source
  if (readReplyTo(header, headerStart, headerEnd) !== replyQueueName) return
  if (ownAddress === undefined) throw preconditionFailed('fast reply consumer does not exist')
  const { bodySize, properties } = decodeContentHeader(header, headerStart, headerEnd)
  setHeader(source, encodeContentHeader(bodySize, { ...properties, replyTo: ownAddress }))
}

/** The address that an answer goes to; undefined for any other message. */
export function findReplyAddress({ address, addressStart }: RecordSource): string | undefined {
  const isCandidate = address[addressStart] === 0 && address[addressStart + 2] === firstLetter
  if (!isCandidate) return undefined
  const { routingKey } = decodeAddress(address, addressStart)
  return isReplyAddress(routingKey) ? routingKey : undefined
}
