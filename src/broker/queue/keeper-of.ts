import type { LogCursor } from '../../log/log-cursor.ts'
import type { Queue } from './queue.ts'

/**
 * What keeps messages that the queue has acked in the log of `parts[index]`: its retention, or that of its
 * source. Undefined where nothing does.
 */
export function keeperOf({ retained, source }: Queue, index: number): LogCursor | undefined {
  const kept = retained?.cursors[index]
  return kept ?? (index > 0 ? source?.topic.partitions[index - 1]?.cursor : undefined)
}
