import { findCursor, type LogCursor } from '../../log/log-cursor.ts'
import type { QueueRow } from '../../meta/topology-change.ts'
import type { Policies } from '../policy/policies.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { SourcePlace } from './message-source.ts'
import { Queue, type QueueContext } from './queue.ts'
import { RetainedLogs } from './retained-logs.ts'

export interface QueuePlaces {
  /** In the order of the row: that of the lowest priority first. */
  readonly cursors: readonly LogCursor[]
  /** Of the queue's virtual host. */
  readonly policies: Policies
  /** Where it is in its source; undefined when it has none. */
  readonly source?: SourcePlace<Queue> | undefined
}

/** The queue that a row of the topology stands for; such queues are durable and not exclusive. */
export function restoreQueue(
  row: QueueRow,
  { cursors, policies, source }: QueuePlaces,
  context: QueueContext,
): Queue {
  const { vhost, name, autoDelete: isAutoDelete, arguments: args } = row
  const [cursor, ...others] = cursors as [LogCursor, ...LogCursor[]]
  const levels = others.map((other, index) => {
    return { level: row.levels![index]!.priority, cursor: other }
  })
  const type = row.type as QueueType
  const policy = policies.of({ kind: 'queue', name, type })
  const retained = findRetained(row, cursors)
  const fixed = { isDurable: true, owner: undefined }
  return new Queue(
    {
      vhost,
      name,
      type,
      isAutoDelete,
      arguments: args,
      policy,
      cursor,
      levels,
      source,
      retained,
      rewoundAt: row.source?.rewoundAt ?? row.retention?.rewoundAt,
      ...fixed,
    },
    context,
  )
}

/** Undefined also when a cursor is missing: retention begins anew then. */
function findRetained(
  { retention }: QueueRow,
  cursors: readonly LogCursor[],
): RetainedLogs | undefined {
  const kept = cursors.flatMap(({ log }, index) => {
    return findCursor(log, retention?.cursorIds[index] ?? -1) ?? []
  })
  if (retention === undefined || kept.length < cursors.length) return undefined
  return new RetainedLogs(kept)
}
