import type { LogCursor } from '../../log/log-cursor.ts'
import type { SourcePartition } from './message-source.ts'

/** A queue, as far as it or its source keeps what was acked. */
export interface KeepingQueue {
  readonly retained: { readonly cursors: readonly LogCursor[] } | undefined
  readonly source:
    | { readonly topic: { readonly partitions: readonly SourcePartition[] } }
    | undefined
}

/**
 * What keeps messages that the queue has acked in the log of `parts[index]`: its retention, or that of its
 * source. Undefined where nothing does.
 */
export function keeperOf({ retained, source }: KeepingQueue, index: number): LogCursor | undefined {
  const kept = retained?.cursors[index]
  return kept ?? (index > 0 ? source?.topic.partitions[index - 1]?.cursor : undefined)
}
