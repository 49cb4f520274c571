// With which producer id and epoch a transactional producer begins (KIP-98, KIP-360).
import { fenced } from './transaction-error.ts'
import { epochMax, type ProducerIdentity, type Transaction } from './transaction.ts'

export interface InitAsked {
  readonly transactionalId: string
  readonly timeoutMs: number
  /** Of a producer that goes on after an error; undefined: it is new. */
  readonly claimed: ProducerIdentity | undefined
}

export interface NewIdentity {
  readonly identity: ProducerIdentity
  /** The epoch with which this request may come again; -1 for none. */
  readonly lastEpoch: number
}

/** `freshId` is given when the epochs are used up. Throws `producer_fenced`. */
export function newIdentity(
  transaction: Transaction,
  { claimed }: InitAsked,
  freshId: number,
): NewIdentity {
  const { id, producerId, epoch, lastEpoch, previousProducerId } = transaction
  const isNew = epoch < 0
  if (claimed !== undefined && !isNew) {
    const isOverflown = claimed.producerId === previousProducerId && claimed.epoch >= epochMax
    if (claimed.producerId !== producerId && !isOverflown) throw fenced(id)
  }
  if (transaction.isEpochExhausted && (claimed === undefined || claimed.epoch === epoch)) {
    const last = claimed === undefined ? -1 : epoch
    return { identity: { producerId: freshId, epoch: 0 }, lastEpoch: last }
  }
  const next = { producerId, epoch: epoch + 1 }
  if (claimed === undefined) return { identity: next, lastEpoch: -1 }
  if (isNew || claimed.epoch === epoch) return { identity: next, lastEpoch: epoch }
  // Its answer was lost.
  if (claimed.epoch === lastEpoch) return { identity: { producerId, epoch }, lastEpoch }
  throw fenced(id)
}
