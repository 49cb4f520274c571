// A queue as the topology keeps it. Only durable queues are kept.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LevelRow, QueueRow } from '../../meta/topology-change.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { LevelCursor } from './queue-backlog.ts'

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
}

/** `levels`: that of the lowest priority first. */
export function rowOfQueue(queue: KeptQueue, levels: readonly LevelCursor[]): QueueRow {
  const { vhost, name, type, isAutoDelete: autoDelete, arguments: args } = queue
  const [first, ...others] = levels as [LevelCursor, ...LevelCursor[]]
  const { id: cursorId, log } = first.cursor
  const bare = { vhost, name, type, logId: log.id, cursorId, autoDelete, arguments: args }
  const { sourceName: topic, sourceCursors } = queue
  const source = topic !== undefined && { topic, cursorIds: sourceCursors.map(({ id }) => id) }
  const own = source ? { ...bare, source } : bare
  return others.length === 0 ? own : { ...own, levels: others.map(rowOfLevel) }
}

function rowOfLevel({ level, cursor }: LevelCursor): LevelRow {
  return { priority: level, logId: cursor.log.id, cursorId: cursor.id }
}
