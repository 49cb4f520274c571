// What readers of committed records get from a partition: everything below the last stable offset, without what the
// index of aborted transactions names, as Kafka's clients pass over it.
import type { Partition } from '../../../src/broker/topic/partition.ts'
import type { LogStore } from '../../../src/log/log-store.ts'
import type { Run } from '../../../src/log/run.ts'
import { readBatchHeader, recordsOf } from '../../../src/record/batch/batch-header.ts'
import { RecordReader } from '../../../src/record/batch/record-reader.ts'
import type { ReadRecord } from '../committed-reader.ts'

const readSizeMax = 3000

export interface PlaceRead {
  readonly offset: number
  readonly records: ReadRecord[]
  /** The log of a queue forgets its markers: what was aborted is left out before clients get it. */
  readonly hidesAborted: boolean
}

/** Adds to `records` what comes at `offset` and after it, of one read; returns where the next one begins. */
export async function readPlace(
  store: LogStore,
  partition: Partition,
  { offset: asked, records, hidesAborted }: PlaceRead,
): Promise<number> {
  const end = partition.lastStableOffset
  // A queue has acked what it never shows, so that it may begin later.
  const offset = Math.max(asked, partition.startOffset)
  if (offset >= end) return offset
  const runs = partition.stableOf(await store.readRuns(partition.log, offset, readSizeMax))
  // Some may have ended while it was read.
  const { log, transactions, lastStableOffset } = partition
  const begun = hidesAborted ? [] : (transactions?.aborted.between(offset, lastStableOffset) ?? [])
  const aborted = new Set<number>()
  let next = runs.length === 0 ? end : offset
  for (const run of runs) {
    for (; begun[0] !== undefined && begun[0].firstOffset <= run.lastOffset; begun.shift()) {
      aborted.add(begun[0].producerId)
    }
    if (!hidesAborted || log.hides?.(run) !== true) readRun(run, { aborted, records })
    next = run.lastOffset + 1
    run.release()
  }
  return next
}

function readRun(
  run: Run,
  { aborted, records }: { aborted: Set<number>; records: ReadRecord[] },
): void {
  const batch = run.bytes()
  const header = readBatchHeader(batch)
  if (header.isControl) aborted.delete(header.producerId)
  if (header.isControl || aborted.has(header.producerId)) return
  const reader = new RecordReader()
  reader.reset(header, recordsOf(batch))
  for (let at = run.baseOffset; reader.next(); at++) {
    records.push({ offset: at, value: String(reader.value()) })
  }
}
