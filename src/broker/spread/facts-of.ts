// What the leader of a partition says of it to its home.
import type { Partition } from '../topic/partition.ts'
import type { PartitionFacts } from '../topic/remote-partition.ts'

export function factsOf(partition: Partition): PartitionFacts {
  const { leaderEpoch: epoch, startOffset, highWatermark, lastStableOffset, store, log } = partition
  const size = store.sizeOf(log)
  return { epoch, startOffset, endOffset: highWatermark, stableOffset: lastStableOffset, size }
}
