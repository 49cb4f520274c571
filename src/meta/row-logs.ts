// The logs that a queue or topic has, and its cursors there.
import type { QueueRow, TopicRow, TransitRow } from './topology-change.ts'

/** The ids of a row's logs: of a topic's partitions and what is on its way to them, or of a queue's levels. */
export function logIdsOf({ topic, logId, levels = [] }: QueueRow): readonly number[] {
  if (topic === undefined) return [logId, ...levels.map((level) => level.logId)]
  const { logIds, transit = [] } = topic
  return transit.length === 0 ? logIds : [...logIds, ...transit.map((lane) => lane.logId)]
}

/** One for each of {@link logIdsOf}. */
export function cursorIdsOf({ topic, cursorId, levels = [] }: QueueRow): readonly number[] {
  if (topic === undefined) return [cursorId, ...levels.map((level) => level.cursorId)]
  const { cursorIds, transit = [] } = topic
  return transit.length === 0 ? cursorIds : [...cursorIds, ...transit.map((lane) => lane.cursorId)]
}

/** One of a row's logs and the cursor there. */
export interface PlaceIds {
  readonly logId: number
  readonly cursorId: number
}

/** The row with these logs and cursors instead of its own, of which there are as many. */
export function withPlaces(row: QueueRow, places: readonly PlaceIds[]): QueueRow {
  const [first, ...others] = places
  const { topic, levels } = row
  return {
    ...row,
    ...first,
    ...(topic && { topic: topicWithPlaces(topic, places) }),
    ...(levels && { levels: levels.map((level, index) => ({ ...level, ...others[index] })) }),
  }
}

function topicWithPlaces(topic: TopicRow, places: readonly PlaceIds[]): TopicRow {
  const count = topic.logIds.length
  const own = places.slice(0, count)
  return {
    ...topic,
    logIds: own.map(({ logId }) => logId),
    cursorIds: own.map(({ cursorId }) => cursorId),
    ...(topic.transit && {
      transit: topic.transit.map((lane, index) => laneAt(lane, places[count + index]!)),
    }),
  }
}

/** In another log messages are numbered anew, which are not those that went out under the same numbers. */
function laneAt(lane: TransitRow, place: PlaceIds): TransitRow {
  const isSame = place.logId === lane.logId
  const sequence = isSame ? lane.sequence : `${lane.sequence}+${place.logId}`
  return { ...lane, ...place, sequence }
}
