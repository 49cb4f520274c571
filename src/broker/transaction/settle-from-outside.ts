// A transaction that somebody else than its producer wants to end, as `kafka-transactions abort` does. What the
// coordinator knows is ended as a whole, so that no part of it is torn off.
import type { Steps } from '../../lib/slices.ts'
import type { SettleAsked, SettleOutcome } from './branch-messages.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'
import type { Transaction } from './transaction.ts'

/** Throws `concurrent_transactions` when its end takes longer. */
export function* settleFromOutside(
  asked: SettleAsked,
  transactions: Pick<TransactionCoordinator, 'list' | 'abort'>,
): Steps<SettleOutcome> {
  const transaction = yield* findOpen(asked.producerId, transactions)
  if (transaction === undefined) return 'unknown'
  if (asked.epoch < transaction.epoch) return 'old_epoch'
  // Nobody but its producer says that all of it is there.
  if (asked.isCommit && transaction.state === 'Ongoing') return 'not_allowed'
  yield transactions.abort(transaction.id)
  return 'ended'
}

/** What the coordinator has of the producer that has not ended. */
function* findOpen(
  producerId: number,
  transactions: Pick<TransactionCoordinator, 'list'>,
): Steps<Transaction | undefined> {
  for (const transaction of transactions.list()) {
    yield
    if (transaction.producerId !== producerId) continue
    return transaction.state === 'Ongoing' || transaction.isPrepared ? transaction : undefined
  }
  return undefined
}
