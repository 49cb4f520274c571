// The first record of a partition from a time on: where a seek by time goes on.
import type { BrowseAsked, BrowsePlace } from './browse/browse-start.ts'
import type { BrowsedPage } from './browse/read-page.ts'
import type { Destination } from './destination.ts'
import type { Topic } from './topic/topic.ts'

export interface RecordSearch {
  browse(browsed: Destination, asked: BrowseAsked): Promise<BrowsedPage>
}

export interface TimeInPartition {
  readonly topic: Topic
  readonly index: number
  /** In milliseconds since the Unix epoch. */
  readonly time: number
}

/** Undefined when there is none. Rejects when the disk cannot be read. */
export async function firstFrom(
  context: RecordSearch,
  { topic, index, time }: TimeInPartition,
): Promise<{ readonly offset: number; readonly timestamp: number } | undefined> {
  const start = { kind: 'time', time: Math.max(0, time) } as const
  let after: BrowsePlace | undefined
  do {
    const asked = { start, after, partition: index, count: 1, payloadSizeMax: 0 }
    const { messages, next } = await context.browse(topic, asked)
    if (messages[0] !== undefined) return messages[0]
    after = next
  } while (after !== undefined && !topic.isDeleted)
  return undefined
}
