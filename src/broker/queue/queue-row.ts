// A queue as the topology keeps it. Only durable queues are kept.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LevelRow, QueueRow } from '../../meta/topology-change.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { LevelCursor } from './queue-backlog.ts'
import type { RetainedLogs } from './retained-logs.ts'

/** What of a queue is kept besides its places in its logs. */
export interface KeptQueue {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly isAutoDelete: boolean
  readonly arguments: FieldTable
  readonly sourceName: string | undefined
  /** Of each partition of the source. */
  readonly sourceCursors: readonly LogCursor[]
  readonly retained: RetainedLogs | undefined
}

/** `levels`: that of the lowest priority first. */
export function rowOfQueue(queue: KeptQueue, levels: readonly LevelCursor[]): QueueRow {
  const { vhost, name, type, isAutoDelete: autoDelete, arguments: args } = queue
  const [first, ...others] = levels as [LevelCursor, ...LevelCursor[]]
  const { id: cursorId, log } = first.cursor
  const bare = { vhost, name, type, logId: log.id, cursorId, autoDelete, arguments: args }
  const { sourceName: topic, sourceCursors } = queue
  return {
    ...bare,
    ...(topic !== undefined && {
      source: { topic, cursorIds: sourceCursors.map(({ id }) => id) },
    }),
    ...(others.length > 0 && { levels: others.map(rowOfLevel) }),
    ...(queue.retained && { retention: queue.retained.row() }),
  }
}

function rowOfLevel({ level, cursor }: LevelCursor): LevelRow {
  return { priority: level, logId: cursor.log.id, cursorId: cursor.id }
}
