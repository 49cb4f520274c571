// What an exchange of type `x-message-deduplication` knows: the ids of messages that went through it.
//
// Source: rabbitmq-message-deduplication 0.7, its README and rabbit_message_deduplication_exchange.ex.
import { createHash } from 'node:crypto'
import { brokerLimits } from '../../limits/broker.ts'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import type { FieldTable, FieldValue } from '../../record/message/field-table.ts'
import { integerOf } from '../../record/message/integer-of.ts'
import { valueIdentity } from './value-identity.ts'

export const deduplicatingType = 'x-message-deduplication'

export const idHeader = 'x-deduplication-header'
const ttlHeader = 'x-cache-ttl'

/** Of one exchange. */
export interface MessageIds {
  /** Whether a message with this id went through it and is remembered. */
  has(id: string): boolean
  /** Until `release`, `has` says true: for messages whose routes are looked for together. */
  reserve(id: string): void
  release(id: string): void
  /**
   * A message whose route has this note is in its queues; `isDurable`: it outlives the process there.
   * Within an atom: as soon as that is durable, so is the message that had the id first.
   */
  note(note: IdNote, isDurable: boolean): void
  /** Another policy applies to the exchange, or none. */
  applyPolicy(definition: PolicyDefinition | undefined): void
  /** The exchange is deleted. */
  close(): void
}

/** What the route of a message says of its id. */
export interface IdNote {
  readonly ids: MessageIds
  readonly id: string
  /** How long it is to be remembered, in milliseconds; undefined: as the exchange says. */
  readonly ttlMs: number | undefined
  /** The exchange knew it, and did not let the message through. */
  readonly isRepeat: boolean
}

/** Undefined for a message that has no id, and where nobody asks for one: then no header is read. */
export function readIdNote(
  ids: MessageIds | undefined,
  message: { readonly headers: FieldTable | undefined },
): IdNote | undefined {
  if (ids === undefined) return undefined
  const { headers } = message
  const header = headers?.get(idHeader)
  if (header === undefined) return undefined
  const id = idOf(header)
  return { ids, id, ttlMs: integerOf(headers?.get(ttlHeader)), isRepeat: ids.has(id) }
}

/** The id that a message has in `header`. A long one is known by its hash, so that all together are bounded. */
export function idOf(header: FieldValue): string {
  const id = valueIdentity(header)
  if (Buffer.byteLength(id) <= brokerLimits.deduplicationIdSizeMax) return id
  // No other begins with '#'.
  return `#${createHash('sha256').update(id).digest('base64')}`
}
