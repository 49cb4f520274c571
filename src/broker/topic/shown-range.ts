// Where a partition begins and ends for those who only look: of one that another cell leads, as its leader said last.
import type { Partition } from './partition.ts'

export interface ShownRange {
  readonly startOffset: number
  /** Where the next durable record will be. */
  readonly endOffset: number
  /** Records below belong to no open transaction. */
  readonly stableOffset: number
  /** Bytes on the disk. */
  readonly size: number
}

export function shownRange(partition: Partition): ShownRange {
  const { remote, startOffset, highWatermark, lastStableOffset, log } = partition
  if (remote !== undefined) return remote.facts
  const size = partition.store.sizeOf(log)
  return { startOffset, endOffset: highWatermark, stableOffset: lastStableOffset, size }
}

/** False as long as the leader of a partition has said nothing of it: what is shown then means nothing. */
export function isRangeKnown({ remote }: Partition): boolean {
  return remote === undefined || remote.facts.epoch >= 0
}
