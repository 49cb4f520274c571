// What one partition has for a fetch: whole batches from the one that holds the wanted offset.
import { Queue } from '../../broker/queue/queue.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topics.ts'
import type { Run } from '../../log/run.ts'
import { partToKafkaBatch } from '../crossing/part-to-kafka-batch.ts'
import type { KafkaContext } from './kafka-context.ts'

export interface PartitionRecords {
  readonly parts: readonly Buffer[]
  readonly size: number
}

const nothing: PartitionRecords = { parts: [], size: 0 }

/** Reads from `offset`, at least one batch if there is one, and no more than fit `sizeMax` after it. */
export async function readPartition(
  context: KafkaContext,
  view: TopicView,
  partition: Partition,
  { offset, sizeMax }: { readonly offset: number; readonly sizeMax: number },
): Promise<PartitionRecords> {
  if (offset >= partition.highWatermark) return nothing
  const runs = await context.broker.store.readRuns(partition.log, offset, sizeMax)
  const parts: Buffer[] = []
  let size = 0
  for (const run of runs) {
    const keep = settledFilter(view, partition, run)
    const batch = context.crossing.toKafkaBatch(partition.log, run, keep)
    if (batch === undefined) {
      // Large bodies lie in files of their own: what follows the first of them is fetched later.
      if (parts.length > 0) break
      const { store } = context.broker
      const part = await partToKafkaBatch(store, partition.log, run, { offset, sizeMax, keep })
      return { parts: [part], size: part.length }
    }
    parts.push(batch)
    size += batch.length
  }
  return { parts, size }
}

/** Settled messages of a work queue are gaps, as in a compacted topic. */
function settledFilter(
  { source }: TopicView,
  { log: { cursor } }: Partition,
  run: Run,
): ((offset: number) => boolean) | undefined {
  if (!(source instanceof Queue)) return undefined
  const isWhole = cursor.unackedIn(run.baseOffset, run.lastOffset) === run.recordCount
  return isWhole ? undefined : (offset) => !cursor.isAcked(offset)
}
