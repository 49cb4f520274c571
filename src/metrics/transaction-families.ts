// Transactions of Kafka's producers: how many are open and for how long, how they ended, and what readers of
// committed records have to wait for.
import { defaultVHost } from '../broker/broker.ts'
import { counter, type Family, gauge } from './family.ts'
import { labelsOf } from './labels.ts'
import { ledPartitions } from './led-partitions.ts'
import type { MetricsSource } from './metrics-source.ts'

export function transactionFamilies({ transactions, broker }: MetricsSource): Family[] {
  const { totals, count } = transactions
  const { openCount, oldestMs } = openOnes(transactions, broker.clock.now())
  return [
    gauge('pabal_transactional_ids', 'Transactional ids that are known', count),
    gauge('pabal_transactions_open', 'Transactions that are open', openCount),
    gauge(
      'pabal_transactions_oldest_open_seconds',
      'How long the oldest open transaction has been open: 0 when there is none',
      oldestMs / 1000,
    ),
    counter('pabal_transactions_committed_total', 'Transactions committed', totals.committed),
    counter('pabal_transactions_aborted_total', 'Transactions aborted', totals.aborted),
    counter(
      'pabal_transactions_forced_total',
      'Transactions aborted because they took too long, or somebody else wanted it',
      totals.forced,
    ),
    {
      name: 'pabal_topic_partition_last_stable_offset_lag',
      type: 'gauge',
      help: 'Records that readers of committed ones have to wait for, of partitions that had transactions',
      *samples() {
        for (const view of broker.topicsOf(broker.getVHost(defaultVHost)).seen(false)) {
          for (const [partition, each] of ledPartitions(view)) {
            if (each.transactions === undefined) continue
            const labels = labelsOf({ topic: view.name, partition: String(partition) })
            yield { labels, value: Math.max(0, each.highWatermark - each.lastStableOffset) }
          }
        }
      },
    },
  ]
}

function openOnes(
  transactions: MetricsSource['transactions'],
  now: number,
): { openCount: number; oldestMs: number } {
  let openCount = 0
  let oldestMs = 0
  for (const { state, startedMs } of transactions.list()) {
    if (state !== 'Ongoing') continue
    openCount++
    oldestMs = Math.max(oldestMs, now - startedMs)
  }
  return { openCount, oldestMs }
}
