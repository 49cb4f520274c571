// Where the records of transactions are that an earlier process left open: when they are aborted, queues must not count
// them, and only the log knows.
import { readInt64 } from '../../lib/int64.ts'
import { transactionLimits } from '../../limits/transaction.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { Run } from '../../log/run.ts'
import { batchField, isTransactionalBatch } from '../../record/batch/batch-header.ts'
import type {
  OffsetRange,
  OpenTransaction,
  PartitionTransactions,
} from './partition-transactions.ts'

interface FoundRanges {
  readonly open: OpenTransaction
  readonly ranges: OffsetRange[]
}

/**
 * Reads from the first of them to where the log ends now, but no more than a limit. What it has not found when one of
 * them ends is counted until somebody comes to it.
 */
export async function findRestoredRanges(
  store: LogStore,
  log: Log,
  transactions: PartitionTransactions,
): Promise<void> {
  const found = new Map<number, FoundRanges>()
  for (const open of transactions.open()) found.set(open.producerId, { open, ranges: [] })
  const end = log.endOffset
  const { restoredReadSizeMax: sizeMax, restoredReadSize } = transactionLimits
  let size = 0
  for (let offset = transactions.firstUnstable; offset < end && size < sizeMax;) {
    const runs = await store.readRuns(log, offset, restoredReadSize)
    if (runs.length === 0) break
    for (const run of runs) {
      note(run, found)
      offset = run.lastOffset + 1
      size += run.size
      run.release()
    }
  }
  for (const { open, ranges } of found.values()) transactions.addRestored(open, ranges)
}

function note(run: Run, found: ReadonlyMap<number, FoundRanges>): void {
  if (!run.isForeign) return
  const batch = run.bytes()
  if (!isTransactionalBatch(batch)) return
  const of = found.get(readInt64(batch, batchField.producerId))
  const { baseOffset: first, lastOffset: last } = run
  // Its producer may have ended others in between.
  if (of === undefined || first < of.open.firstOffset) return
  const { ranges } = of
  const latest = ranges.at(-1)
  if (latest?.last === first - 1) latest.last = last
  else ranges.push({ first, last })
}
