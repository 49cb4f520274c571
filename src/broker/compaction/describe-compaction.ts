import type { LogStore } from '../../log/log-store.ts'
import type { Partition } from '../topic/partition.ts'

/** How far a partition is compacted. */
export interface DescribedCompaction {
  /** Below it each key is there once. */
  readonly end: number
  /** When that came about, milliseconds since 1970; undefined for never. */
  readonly at: number | undefined
  /** The share of its bytes that comes after it; the active part counts, too. */
  readonly dirtyRatio: number
}

/** Changes nothing, and reads nothing. */
export function describeCompaction(partition: Partition, store: LogStore): DescribedCompaction {
  const { compaction: state, log, startOffset, highWatermark } = partition
  const end = Math.min(Math.max(state.cleanedEnd, startOffset), highWatermark)
  const dirtySize = store.sizeIn(log, end, highWatermark)
  const size = store.sizeIn(log, startOffset, highWatermark)
  const at = state.cleanedAt === 0 ? undefined : state.cleanedAt
  return { end, at, dirtyRatio: size === 0 ? 0 : dirtySize / size }
}
