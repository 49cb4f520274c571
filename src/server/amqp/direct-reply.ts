// Direct reply-to on the publishing side: what a requester's reply-to becomes, and where answers go.
import { preconditionFailed } from '../../broker/broker-error.ts'
import { isReplyAddress, replyQueueName } from '../../broker/reply-registry.ts'
import { decodeAddress } from '../../record/message/address.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
  readReplyTo,
} from '../../record/message/content-header.ts'
import type { RecordSource } from '../../record/message/record-source.ts'

/** Who gets the answers to the requests of a channel. */
export interface ReplyAddressee {
  /** What the requester's messages get as reply-to. */
  readonly address: string
}

const firstLetter = 'a'.charCodeAt(0)

/** Replaces a reply-to that means "me" by the channel's own address. Throws when it has none. */
export function replaceReplyTo(
  { replyConsumer }: { readonly replyConsumer: ReplyAddressee | undefined },
  source: RecordSource,
): void {
  const { header, headerStart, headerEnd } = source
  if (readReplyTo(header, headerStart, headerEnd) !== replyQueueName) return
  const replyTo = replyConsumer?.address
  if (replyTo === undefined) throw preconditionFailed('fast reply consumer does not exist')
  const { bodySize, properties } = decodeContentHeader(header, headerStart, headerEnd)
  source.header = encodeContentHeader(bodySize, { ...properties, replyTo })
  source.headerStart = 0
  source.headerEnd = source.header.length
}

/** The address that an answer goes to; undefined for any other message. */
export function findReplyAddress({ address, addressStart }: RecordSource): string | undefined {
  const isCandidate = address[addressStart] === 0 && address[addressStart + 2] === firstLetter
  if (!isCandidate) return undefined
  const { routingKey } = decodeAddress(address, addressStart)
  return isReplyAddress(routingKey) ? routingKey : undefined
}
