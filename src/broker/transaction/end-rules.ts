// What an EndTxn means, by the state of the transaction (KIP-98, and for version 2 the table of KIP-890):
//
//                  abort, again │ abort    │ commit, again │ commit
//   Empty          fenced       │ end      │ fenced        │ wrong state
//   CompleteAbort  done         │ end      │ wrong state   │ wrong state
//   CompleteCommit wrong state  │ end      │ done          │ wrong state
//
// "Again" is a request with the epoch before the current one: its answer was lost.
import { concurrent, fenced, unknownMapping, wrongState } from './transaction-error.ts'
import {
  epochMax,
  type ProducerIdentity,
  type Transaction,
  type TransactionVersion,
} from './transaction.ts'

export interface EndAsked {
  readonly from: ProducerIdentity
  readonly isCommit: boolean
  readonly version: TransactionVersion
}

/** 'end': it is to be ended now. 'done': it was. Throws TransactionError. */
export function judgeEnd(transaction: Transaction, asked: EndAsked): 'end' | 'done' {
  return asked.version === 1 ? judgeFirst(transaction, asked) : judgeSecond(transaction, asked)
}

function judgeFirst(transaction: Transaction, { from, isCommit }: EndAsked): 'end' | 'done' {
  const { id, state } = transaction
  if (from.producerId !== transaction.producerId) throw unknownMapping(id)
  if (from.epoch !== transaction.epoch) throw fenced(id)
  if (state === 'Ongoing') return 'end'
  if (isSameEnd(transaction, isCommit)) {
    if (transaction.isPrepared) throw concurrent(id)
    return 'done'
  }
  throw notAllowed(transaction, isCommit)
}

function judgeSecond(transaction: Transaction, asked: EndAsked): 'end' | 'done' {
  const { id, state } = transaction
  const { isCommit } = asked
  if (isCurrent(transaction, asked.from)) {
    if (state === 'Ongoing') return 'end'
    if (!isCommit) return 'end'
    throw notAllowed(transaction, isCommit)
  }
  if (!isSameEnd(transaction, isCommit)) throw notAllowed(transaction, isCommit)
  if (transaction.isPrepared) throw concurrent(id)
  return 'done'
}

/** Whether it is a new request, and not one that came before. Throws for an epoch that is neither. */
function isCurrent(transaction: Transaction, from: ProducerIdentity): boolean {
  const { id, state, producerId, epoch, previousProducerId } = transaction
  const isOverflown =
    from.producerId === previousProducerId && from.epoch === epochMax && epoch === 0
  if (from.producerId !== producerId && !isOverflown) throw unknownMapping(id)
  const isAgain = isOverflown || from.epoch + 1 === epoch
  if (isAgain && state !== 'Ongoing' && state !== 'Empty') return false
  if (from.epoch !== epoch || transaction.isPrepared) throw fenced(id)
  return true
}

function isSameEnd({ state }: Transaction, isCommit: boolean): boolean {
  return isCommit
    ? state === 'PrepareCommit' || state === 'CompleteCommit'
    : state === 'PrepareAbort' || state === 'CompleteAbort'
}

function notAllowed({ id, state }: Transaction, isCommit: boolean): Error {
  const what = isCommit ? 'committed' : 'aborted'
  return wrongState(`The transaction of '${id}' is in state ${state} and cannot be ${what}`)
}
