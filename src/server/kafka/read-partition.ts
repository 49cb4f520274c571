// What one partition has for a fetch: whole batches from the one that holds the wanted offset.
import { Queue } from '../../broker/queue/queue.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topics.ts'
import type { Run } from '../../log/run.ts'
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
    const batch = await toBatch(context, view, partition, run)
    parts.push(batch)
    size += batch.length
  }
  return { parts, size }
}

/** Acked messages of a work queue are gaps, as in a compacted topic. */
async function toBatch(
  context: KafkaContext,
  view: TopicView,
  { log }: Partition,
  run: Run,
): Promise<Buffer> {
  const { cursor } = log
  const isWorkQueue = view.source instanceof Queue
  const isWhole = cursor.unackedIn(run.baseOffset, run.lastOffset) === run.recordCount
  const keep = isWorkQueue && !isWhole ? (offset: number) => !cursor.isAcked(offset) : undefined
  if (run.isForeign && keep === undefined) return run.bytes()
  const { crossing, broker } = context
  const batch = crossing.toKafkaBatch(log, run, keep)
  if (batch !== undefined) return batch
  // A large body lies in a file of its own.
  await new Promise<void>((resolve) => {
    broker.store.load(log, run.baseOffset, () => resolve())
  })
  return crossing.toKafkaBatch(log, run, keep) ?? Buffer.alloc(0)
}
