// A queue as the topology keeps it. Only durable queues are kept.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LevelRow, QueueRow, SourceRow } from '../../meta/topology-change.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { LevelCursor } from './queue-backlog.ts'
import type { RetainedLogs } from './retained-logs.ts'

/** A topic that a queue takes its messages from, and its place in each partition. */
interface KeptSource {
  readonly topic: { readonly name: string }
  readonly cursors: readonly LogCursor[]
}

/** What of a queue is kept besides its places in its logs. */
export interface KeptQueue {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly isAutoDelete: boolean
  readonly arguments: FieldTable
  readonly source: KeptSource | undefined
  readonly retained: RetainedLogs | undefined
  readonly rewoundAt: number
}

/** `levels`: that of the lowest priority first. */
export function rowOfQueue(queue: KeptQueue, levels: readonly LevelCursor[]): QueueRow {
  const { vhost, name, type, isAutoDelete: autoDelete, arguments: args } = queue
  const [first, ...others] = levels as [LevelCursor, ...LevelCursor[]]
  const { id: cursorId, log } = first.cursor
  const bare = { vhost, name, type, logId: log.id, cursorId, autoDelete, arguments: args }
  const { source, retained } = queue
  // Without a rewind rows are as they always were.
  const rewound = queue.rewoundAt === 0 ? {} : { rewoundAt: queue.rewoundAt }
  return {
    ...bare,
    ...(source && { source: { ...rowOfSource(source), ...rewound } }),
    ...(others.length > 0 && { levels: others.map(rowOfLevel) }),
    ...(retained && { retention: { cursorIds: idsOf(retained.cursors), ...rewound } }),
  }
}

function rowOfSource({ topic, cursors }: KeptSource): SourceRow {
  return { topic: topic.name, cursorIds: idsOf(cursors) }
}

function rowOfLevel({ level, cursor }: LevelCursor): LevelRow {
  return { priority: level, logId: cursor.log.id, cursorId: cursor.id }
}

function idsOf(cursors: readonly LogCursor[]): number[] {
  return cursors.map(({ id }) => id)
}
