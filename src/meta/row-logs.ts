// The logs that a queue or topic has, and its cursors there.
import type { QueueRow } from './topology-change.ts'

/** The ids of a row's logs: those of a topic's partitions, or of a queue's levels. */
export function logIdsOf({ topic, logId, levels = [] }: QueueRow): readonly number[] {
  return topic?.logIds ?? [logId, ...levels.map((level) => level.logId)]
}

/** One for each of {@link logIdsOf}. */
export function cursorIdsOf({ topic, cursorId, levels = [] }: QueueRow): readonly number[] {
  return topic?.cursorIds ?? [cursorId, ...levels.map((level) => level.cursorId)]
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
    ...(topic && {
      topic: {
        ...topic,
        logIds: places.map(({ logId }) => logId),
        cursorIds: places.map(({ cursorId }) => cursorId),
      },
    }),
    ...(levels && { levels: levels.map((level, index) => ({ ...level, ...others[index] })) }),
  }
}
