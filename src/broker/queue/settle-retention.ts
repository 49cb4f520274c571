import type { LogStore } from '../../log/log-store.ts'
import type { Queue } from './queue.ts'
import { RetainedLogs } from './retained-logs.ts'

/** Whether `settleRetention` has something to do. */
export function isRetentionUnsettled(queue: Queue): boolean {
  const { isDurable, settings, retained } = queue
  return isDurable && (settings.retention === undefined) !== (retained === undefined)
}

/**
 * Begins or ends to keep what the queue acks, as its settings say. Only durable queues keep anything, and
 * those with a source only what was published to them: the source has a retention of its own. What they do
 * changes their row. Within an atom.
 */
export function settleRetention(queue: Queue, store: LogStore): void {
  if (!isRetentionUnsettled(queue)) return
  if (queue.retained === undefined) queue.retained = RetainedLogs.begin(store, queue.cursors)
  else {
    queue.retained.end(store)
    queue.retained = undefined
  }
}
