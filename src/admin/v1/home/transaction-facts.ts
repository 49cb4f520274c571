// Transactions that have been open for long, and how many records readers of committed ones miss because of them.
import { type Broker, defaultVHost } from '../../../broker/broker.ts'
import type { Partition } from '../../../broker/topic/partition.ts'
import type { TransactionCoordinator } from '../../../broker/transaction/transaction-coordinator.ts'
import type { Transaction } from '../../../broker/transaction/transaction.ts'
import type { Steps } from '../../../lib/slices.ts'
import { healthLimits } from '../../../limits/health.ts'
import { TopList } from './top-list.ts'

export interface TransactionFact {
  readonly id: string
  /** Its end is decided and cannot be written. */
  readonly isEnding: boolean
  /** In milliseconds since the Unix epoch. */
  readonly since: number
  readonly openMs: number
  /** When it is aborted by itself, in ms from now. */
  readonly leftMs: number
  /** Records that wait because of it. */
  readonly heldBack: number
  /** Topics that they are in, the first few. */
  readonly topics: readonly string[]
}

export interface TransactionsLooked {
  readonly broker: Broker
  readonly transactions: TransactionCoordinator
  readonly now: number
}

/** The oldest ones first. */
export function* lookAtTransactions({
  broker,
  transactions,
  now,
}: TransactionsLooked): Steps<TopList<TransactionFact>> {
  const long = new TopList<TransactionFact>(healthLimits.namedMax, ({ openMs }) => openMs)
  let count = 0
  for (const transaction of transactions.list()) {
    if (++count % healthLimits.lookedAtOnce === 0) yield
    const { state, isPrepared, startedMs, updatedMs } = transaction
    if (state !== 'Ongoing' && !isPrepared) continue
    const since = isPrepared ? updatedMs : startedMs
    if (now - since < healthLimits.transactionMs) continue
    long.add({
      id: transaction.id,
      isEnding: isPrepared,
      since,
      openMs: now - since,
      leftMs: Math.max(0, startedMs + transaction.timeoutMs - now),
      ...heldBackBy(broker, transaction),
    })
  }
  return long
}

/**
 * Of several that are open in a partition, the one that began first holds its readers back. Where another cell leads it
 * only that knows which: each of them is said to.
 */
function heldBackBy(
  broker: Broker,
  { parts, producerId }: Transaction,
): Pick<TransactionFact, 'heldBack' | 'topics'> {
  const known = broker.topicsOf(broker.getVHost(defaultVHost))
  const topics = new Set<string>()
  let heldBack = 0
  for (const { topic, partition } of parts.values()) {
    const found: Partition | undefined = known.find(topic)?.partitions[partition]
    const count = found === undefined ? 0 : heldBackIn(found, producerId)
    if (count === 0) continue
    heldBack += count
    if (topics.size < healthLimits.namedMax) topics.add(topic)
  }
  return { heldBack, topics: [...topics] }
}

function heldBackIn(partition: Partition, producerId: number): number {
  const { remote, transactions, lastStableOffset, highWatermark } = partition
  if (remote !== undefined) return Math.max(0, remote.facts.endOffset - remote.facts.stableOffset)
  const first = transactions?.find(producerId)?.firstOffset
  const isFirst = first !== undefined && first <= lastStableOffset
  return isFirst ? highWatermark - lastStableOffset : 0
}
