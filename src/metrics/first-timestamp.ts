import type { Queue } from '../broker/queue/queue.ts'
import type { LogStore } from '../log/log-store.ts'

/** When the oldest message of a queue came, as `LogStore.timestampAt` knows it; undefined without one. */
export function firstTimestamp(
  store: Pick<LogStore, 'timestampAt'>,
  queue: Pick<Queue, 'messageCount' | 'parts'>,
): number | undefined {
  if (queue.messageCount === 0) return undefined
  let first: number | undefined
  for (const { cursor } of queue.parts) {
    const at = store.timestampAt(cursor.log, cursor.floor)
    if (at !== undefined && (first === undefined || at < first)) first = at
  }
  return first
}
