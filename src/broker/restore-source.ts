// Where a queue that is put back is in its source.
import { cursorsOf, findCursor, type LogCursor } from '../log/log-cursor.ts'
import type { LogStore } from '../log/log-store.ts'
import type { QueueRow } from '../meta/topology-change.ts'
import type { Destination } from './destination.ts'
import type { SourcePlace } from './queue/message-source.ts'
import type { Queue } from './queue/queue.ts'
import type { Partition } from './topic/partition.ts'
import type { Topic } from './topic/topic.ts'
import type { VHost } from './vhost.ts'

/** The topic that the row's messages come from, when that is there. */
export function sourceOfRow(
  vhost: VHost<Destination> | undefined,
  row: QueueRow,
): Topic | undefined {
  const found = row.source && vhost?.findQueue(row.source.topic)
  return found?.kind === 'topic' ? found : undefined
}

/** Its place there. `create` makes a cursor where one is missing. */
export function placeInSource(
  { source }: QueueRow,
  topic: Topic,
  create: (partition: Partition) => LogCursor,
): SourcePlace<Queue> {
  const cursors = topic.partitions.map((partition, index) => {
    return findCursor(partition.log, source?.cursorIds[index] ?? -1) ?? create(partition)
  })
  return { topic, cursors }
}

/**
 * Forgets cursors of queues that are no more, as their rows were lost: what nobody reads would be kept for
 * ever. Those with ids that are `kept` are somebody else's. Within an atom.
 */
export function dropStrayCursors(
  store: LogStore,
  topic: Topic,
  kept: ReadonlySet<number> = new Set(),
): void {
  for (const [index, { log, cursor: own }] of topic.partitions.entries()) {
    if (log.cursors.length === 1) continue
    const known = new Set([own])
    for (const { source } of topic.subscriptions) known.add(source!.cursors[index]!)
    for (const cursor of cursorsOf(log)) {
      if (!known.has(cursor) && !kept.has(cursor.id)) store.deleteCursor(cursor)
    }
  }
}

/** Whether nothing of it is missing. */
export function hasPlaceInSource({ source }: QueueRow, topic: Topic | undefined): boolean {
  if (source === undefined) return true
  const cursorIds = topic?.partitions.map(({ log }, index) =>
    findCursor(log, source.cursorIds[index] ?? -1),
  )
  return cursorIds !== undefined && !cursorIds.includes(undefined)
}
