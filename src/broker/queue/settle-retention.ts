import type { LogStore } from '../../log/log-store.ts'
import type { Queue } from './queue.ts'
import { RetainedLogs } from './retained-logs.ts'

/** Whether `settleRetention` has something to do. */
export function isRetentionUnsettled(queue: Queue): boolean {
  const { isDurable, source, settings, retained } = queue
  if (!isDurable || source !== undefined) return false
  return (settings.retention === undefined) !== (retained === undefined)
}

/**
 * Begins or ends to keep what the queue acks, as its settings say. Only durable queues without a source
 * keep anything, as a source has its own retention. What they do changes their row. Within an atom.
 */
export function settleRetention(queue: Queue, store: LogStore): void {
  if (!isRetentionUnsettled(queue)) return
  if (queue.retained === undefined) queue.retained = RetainedLogs.begin(store, queue.cursors)
  else {
    queue.retained.end(store)
    queue.retained = undefined
  }
}
