// What members say became of records: all of it for one partition in one atom, or nothing.
// Source: KIP-932, KIP-1222 (renew).
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { SharePartition } from './share-partition.ts'
import type { ShareSettings } from './share-settings.ts'

/** What a member says of a record, by Kafka's numbers. */
export const acknowledgeType = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const

/** Records in a row, with one type for all or one for each. */
export interface AcknowledgedBatch {
  readonly firstOffset: number
  readonly lastOffset: number
  readonly acknowledgeTypes: readonly number[]
}

export type AcknowledgeError = 'invalid_request' | 'invalid_record_state'

/** A refusal with Kafka's text, … */
export interface AcknowledgeRefusal {
  readonly error: AcknowledgeError
  readonly message: string
}

/** … or what to wait for before the member is answered. */
export interface Acknowledged {
  readonly error: undefined
  readonly ticket: Ticket | undefined
  /** Some records are dead: `SharePartition.whenDeadMoved` says when they have gone. */
  readonly hasDead: boolean
}

export interface AcknowledgeAsked {
  readonly memberId: string
  readonly batches: readonly AcknowledgedBatch[]
  /** The version that the client speaks knows of it. */
  readonly knowsRenew: boolean
}

export function acknowledge(
  share: SharePartition,
  asked: AcknowledgeAsked,
  { store, settings }: { readonly store: LogStore; readonly settings: ShareSettings },
): Acknowledged | AcknowledgeRefusal {
  share.passRetention()
  let end = -1
  for (const batch of asked.batches) {
    const refusal = refusalOfBatch(batch, end, asked, settings) ?? stateRefusal(share, batch, asked)
    if (refusal !== undefined) return refusal
    end = batch.lastOffset
  }
  const { dyingCount } = share
  store.beginAtom()
  for (const batch of asked.batches) settle(share, batch, asked.memberId, settings)
  const ticket = store.endAtom()
  share.tell()
  return { error: undefined, ticket, hasDead: share.dyingCount > dyingCount }
}

function refusalOfBatch(
  { firstOffset, lastOffset, acknowledgeTypes: types }: AcknowledgedBatch,
  after: number,
  { knowsRenew }: AcknowledgeAsked,
  { mayRenew }: ShareSettings,
): AcknowledgeRefusal | undefined {
  if (firstOffset < 0 || lastOffset < firstOffset) {
    return invalidRequest('The offsets of an acknowledgement batch are not in order.')
  }
  if (firstOffset <= after) {
    return invalidRequest('Acknowledgement batches overlap or are not in order.')
  }
  if (types.length !== 1 && types.length !== lastOffset - firstOffset + 1) {
    return invalidRequest('There is not one acknowledge type for all records or for each.')
  }
  const typeMax = knowsRenew ? acknowledgeType.renew : acknowledgeType.reject
  if (types.some((type) => type < acknowledgeType.gap || type > typeMax)) {
    return invalidRequest('An acknowledge type is not known.')
  }
  const isRefused = !mayRenew && types.includes(acknowledgeType.renew)
  if (!isRefused) return undefined
  return invalidRequest('Renewing acquisition locks is not enabled for the group.')
}

/** Every record has to be the member's. What retention has passed does not count. */
function stateRefusal(
  share: SharePartition,
  { firstOffset, lastOffset }: AcknowledgedBatch,
  { memberId }: AcknowledgeAsked,
): AcknowledgeRefusal | undefined {
  const from = Math.max(firstOffset, share.partition.startOffset)
  if (lastOffset - from >= share.acquired.size) return invalidState('is not acquired')
  for (let offset = from; offset <= lastOffset; offset++) {
    const record = share.acquired.get(offset)
    if (record === undefined) return invalidState('is not acquired')
    if (record.lock.memberId !== memberId) return invalidState('is acquired by another member')
  }
  return undefined
}

function settle(
  share: SharePartition,
  { firstOffset, lastOffset, acknowledgeTypes: types }: AcknowledgedBatch,
  memberId: string,
  settings: ShareSettings,
): void {
  const from = Math.max(firstOffset, share.partition.startOffset)
  const typeAt = (offset: number): number =>
    types.length === 1 ? types[0]! : types[offset - firstOffset]!
  for (let first = from; first <= lastOffset;) {
    const type = typeAt(first)
    let last = first
    while (last < lastOffset && typeAt(last + 1) === type) last++
    settleRun(share, { first, last, type }, memberId, settings)
    first = last + 1
  }
}

interface SettledRun {
  readonly first: number
  readonly last: number
  readonly type: number
}

function settleRun(
  share: SharePartition,
  { first, last, type }: SettledRun,
  memberId: string,
  settings: ShareSettings,
): void {
  switch (type) {
    case acknowledgeType.accept:
      share.settle(first, last, 'accepted')
      return
    case acknowledgeType.gap:
      share.settle(first, last, 'archived')
      return
    case acknowledgeType.renew: {
      const lock = share.acquired.lock(memberId, settings.recordLockMs)
      for (let offset = first; offset <= last; offset++) {
        share.acquired.set(offset, { ...share.acquired.get(offset)!, lock })
      }
      return
    }
    case acknowledgeType.release:
      for (let offset = first; offset <= last; offset++) {
        share.release(offset, settings.deliveriesMax)
      }
      return
    default:
      for (let offset = first; offset <= last; offset++) share.die(offset, 'rejected')
  }
}

function invalidRequest(message: string): AcknowledgeRefusal {
  return { error: 'invalid_request', message }
}

function invalidState(problem: string): AcknowledgeRefusal {
  const message = `The acknowledgement failed: a record ${problem}.`
  return { error: 'invalid_record_state', message }
}
