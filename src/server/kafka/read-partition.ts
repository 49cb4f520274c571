// What one partition has for a fetch: whole batches from the one that holds the wanted offset.
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import { partToKafkaBatch } from '../../crossing/part-to-kafka-batch.ts'
import type { Run } from '../../log/run.ts'
import { isControlBatch } from '../../record/batch/batch-header.ts'
import type { KafkaContext } from './kafka-context.ts'
import type { LedCell } from './led-topics.ts'

export interface PartitionRecords {
  readonly parts: readonly Buffer[]
  readonly size: number
  /** Runs that parts are views of, retained until the answer has been sent. */
  readonly retained: readonly Run[]
}

/** As many batches are read as fit `sizeMax`; unless `isStrict`, the first one whatever its size. */
interface Wanted {
  readonly offset: number
  /** Nothing of transactions that are open. */
  readonly isCommitted: boolean
  readonly sizeMax: number
  readonly isStrict: boolean
}

/** Which records of a run are shown. */
type Keep = (offset: number) => boolean

const keepNone: Keep = () => false
const nothing: PartitionRecords = { parts: [], size: 0, retained: [] }

/** Reads from `offset`: at once what is in memory. */
export function readPartition(
  { led }: Pick<KafkaContext, 'led'>,
  view: TopicView,
  partition: Partition,
  wanted: Wanted,
): PartitionRecords | Promise<PartitionRecords> {
  const { offset, sizeMax, isStrict, isCommitted } = wanted
  const end = isCommitted ? partition.lastStableOffset : partition.highWatermark
  if (offset >= end) return nothing
  const cell = led.cellOf(partition)
  const toRecords = (found: readonly Run[]): PartitionRecords | Promise<PartitionRecords> => {
    const runs = isCommitted ? partition.stableOf(found) : found
    const parts: Buffer[] = []
    const retained: Run[] = []
    let size = 0
    for (const [at, run] of runs.entries()) {
      const keep =
        isCommitted && isAborted(view, partition, run)
          ? keepNone
          : settledFilter(view, partition, run)
      const mayExceed = parts.length === 0 && !isStrict
      const batch = cell.crossing.toKafkaBatch(partition.log, run, keep)
      if (batch === undefined && mayExceed) {
        // It takes longer than a turn of the event loop may: what follows is fetched later.
        releaseAll(runs.slice(at + 1))
        return readPart(cell, partition, run, { ...wanted, keep })
      }
      // Messages may be larger as a batch than they are in the log.
      if (batch === undefined || (!mayExceed && size + batch.length > sizeMax)) {
        releaseAll(runs.slice(at))
        break
      }
      parts.push(batch)
      size += batch.length
      if (isViewOf(run, batch)) retained.push(run)
      else run.release()
    }
    return { parts, size, retained }
  }
  const runs = cell.broker.store.readRuns(partition.log, offset, sizeMax, isStrict)
  return runs instanceof Promise ? runs.then(toRecords) : toRecords(runs)
}

function releaseAll(runs: readonly Run[]): void {
  for (const run of runs) run.release()
}

async function readPart(
  { broker, crossing }: LedCell,
  { log }: Partition,
  run: Run,
  wanted: Wanted & { readonly keep: Keep | undefined },
): Promise<PartitionRecords> {
  const { offset, keep = keepAll } = wanted
  const part = run.isForeign
    ? await crossing.filterPart(log, run, offset, keep)
    : await partToKafkaBatch(broker.store, log, run, wanted)
  const isView = isViewOf(run, part)
  if (!isView) run.release()
  return { parts: [part], size: part.length, retained: isView ? [run] : [] }
}

function isViewOf(run: Run, part: Buffer): boolean {
  return part.buffer === run.buffer.buffer
}

function isControl(run: Run): boolean {
  return run.isForeign && isControlBatch(run.buffer)
}

function keepAll(): boolean {
  return true
}

/**
 * Whether a run of a work queue was aborted. The log forgets its marker as whatever is settled, so that no list of
 * aborted transactions can be given to readers: they would never learn where one ends, and pass over what follows.
 */
function isAborted({ hasGaps }: TopicView, { log }: Partition, run: Run): boolean {
  return hasGaps && log.hides?.(run) === true
}

/** Settled messages of a work queue are gaps, as in a compacted topic. */
function settledFilter(
  { hasGaps }: TopicView,
  { cursor: { acked } }: Partition,
  run: Run,
): Keep | undefined {
  // A marker is no message, and its readers need it.
  if (!hasGaps || isControl(run)) return undefined
  const isWhole = acked.unackedIn(run.baseOffset, run.lastOffset) === run.recordCount
  return isWhole ? undefined : (offset) => !acked.isAcked(offset)
}
