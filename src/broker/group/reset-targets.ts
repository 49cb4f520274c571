// Where a group that is reset goes on in each partition, and where a place is in each partition of a topic.
import type { LogStore } from '../../log/log-store.ts'
import { preconditionFailed } from '../broker-error.ts'
import { firstFrom, type RecordSearch } from '../first-from.ts'
import { offsetFrom } from '../offset-from.ts'
import type { FoundPlace, PartitionLeaders } from '../topic/partition-leaders.ts'
import type { StreamPlace } from '../topic/stream-place.ts'
import type { TopicView } from '../topic/topic-view.ts'
import type { TopicPartition } from './committed-offset.ts'

/** Where a place is in a partition. */
export interface PartitionTarget extends TopicPartition, FoundPlace {}

export interface ResetAsked {
  readonly place: StreamPlace
  /** Left out, all partitions. */
  readonly partition?: number | undefined
}

export interface PlaceContext extends RecordSearch {
  readonly store: LogStore
}

export interface ResetContext extends PlaceContext {
  /** Of partitions that other cells lead; undefined where there are none. */
  readonly leaders?: Pick<PartitionLeaders, 'findPlaces'> | undefined
}

/**
 * Offsets out of range become the nearest that is there, as in Kafka's tools; a time after the last record is
 * the end. Throws `precondition_failed` for a partition that is not there, and for one whose leader does not answer.
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
  const isElsewhere = (index: number): boolean => view.partitions[index]?.remote !== undefined
  const found = await placesElsewhere(context, view, { place, wanted: wanted.filter(isElsewhere) })
  const targets: PartitionTarget[] = []
  for (const index of wanted) {
    const target = found.get(index) ?? (await placeIn(context, { view, index }, place))
    targets.push({ ...target, topic: view.name, partition: index })
  }
  return targets
}

async function placesElsewhere(
  { leaders }: ResetContext,
  { topic }: TopicView,
  { place, wanted }: { readonly place: StreamPlace; readonly wanted: readonly number[] },
): Promise<ReadonlyMap<number, FoundPlace>> {
  if (leaders === undefined || topic === undefined || wanted.length === 0) return new Map()
  const found = await leaders.findPlaces(topic, wanted, place)
  return new Map(found.map((each) => [each.partition, each]))
}

interface ViewedPartition {
  readonly view: TopicView
  /** Where it is in the view. */
  readonly index: number
}

/** Of a partition that this cell leads. */
export async function placeIn(
  context: PlaceContext,
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
