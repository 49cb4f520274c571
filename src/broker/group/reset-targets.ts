// Where a group that is reset goes on in each partition, and where a place is in each partition of a topic.
import type { LogStore } from '../../log/log-store.ts'
import { preconditionFailed } from '../broker-error.ts'
import { firstFrom, type RecordSearch } from '../first-from.ts'
import { offsetFrom } from '../offset-from.ts'
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
  /** Of the record there, where it was looked for by its time. */
  readonly time?: number | undefined
}

export interface ResetAsked {
  readonly place: StreamPlace
  /** Left out, all partitions. */
  readonly partition?: number | undefined
}

export interface ResetContext extends RecordSearch {
  readonly store: LogStore
}

/**
 * Offsets out of range become the nearest that is there, as in Kafka's tools; a time after the last record is
 * the end. Throws `precondition_failed` for a partition that is not there.
 */
export async function resetTargets(
  context: ResetContext,
  view: TopicView,
  { place, partition }: ResetAsked,
): Promise<PartitionTarget[]> {
  if (partition !== undefined && view.partitions[partition] === undefined) {
    throw preconditionFailed(`topic '${view.name}' has no partition ${partition}`)
  }
  const wanted = partition === undefined ? [...view.partitions.keys()] : [partition]
  const targets: PartitionTarget[] = []
  for (const index of wanted) {
    const found = await placeIn(context, { view, index }, place)
    targets.push({ topic: view.name, partition: index, ...found })
  }
  return targets
}

interface ViewedPartition {
  readonly view: TopicView
  readonly index: number
}

async function placeIn(
  context: ResetContext,
  { view, index }: ViewedPartition,
  place: StreamPlace,
): Promise<Pick<PartitionTarget, 'offset' | 'time'>> {
  const partition = view.partitions[index]!
  const { startOffset, highWatermark } = partition
  const inRange = (offset: number): number =>
    Math.min(Math.max(offset, startOffset), partition.highWatermark)
  switch (place.kind) {
    case 'first':
      return { offset: startOffset }
    case 'last':
      return { offset: highWatermark }
    case 'offset':
      return { offset: inRange(place.offset) }
    case 'time': {
      const { topic } = view
      if (topic === undefined) {
        // Of a work queue, where its batch begins.
        return { offset: inRange(await offsetFrom(context.store, partition.log, place.time)) }
      }
      const found = await firstFrom(context, { topic, index, time: place.time })
      if (found === undefined) return { offset: inRange(highWatermark) }
      return { offset: inRange(found.offset), time: found.timestamp }
    }
    default:
      return place satisfies never
  }
}
