// Where a group that is reset goes on in each partition.
import type { LogStore } from '../../log/log-store.ts'
import { preconditionFailed } from '../broker-error.ts'
import { offsetFrom } from '../offset-from.ts'
import type { Partition } from '../topic/partition.ts'
import type { TopicView } from '../topic/topic-view.ts'
import type { TopicPartition } from './committed-offset.ts'

/** `last` is behind the last record; a time is in milliseconds since the Unix epoch. */
export type StreamPlace =
  | { readonly kind: 'first' }
  | { readonly kind: 'last' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }

export interface PartitionTarget extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
}

export interface ResetAsked {
  readonly place: StreamPlace
  /** Left out, all partitions. */
  readonly partition?: number | undefined
}

/**
 * Offsets out of range become the nearest that is there, as in Kafka's tools; a time after the last record is
 * the end. By time the batch with the first record of that time is where reading goes on. Throws
 * `precondition_failed` for a partition that is not there.
 */
export async function resetTargets(
  store: LogStore,
  view: TopicView,
  { place, partition }: ResetAsked,
): Promise<PartitionTarget[]> {
  if (partition !== undefined && view.partitions[partition] === undefined) {
    throw preconditionFailed(`topic '${view.name}' has no partition ${partition}`)
  }
  const wanted = partition === undefined ? [...view.partitions.keys()] : [partition]
  const targets: PartitionTarget[] = []
  for (const index of wanted) {
    const offset = await offsetAt(store, view.partitions[index]!, place)
    targets.push({ topic: view.name, partition: index, offset })
  }
  return targets
}

async function offsetAt(
  store: LogStore,
  partition: Partition,
  place: StreamPlace,
): Promise<number> {
  const { startOffset, highWatermark } = partition
  if (place.kind === 'first') return startOffset
  if (place.kind === 'last') return highWatermark
  const offset =
    place.kind === 'offset' ? place.offset : await offsetFrom(store, partition.log, place.time)
  return Math.min(Math.max(offset, startOffset), highWatermark)
}
