// Which cell of a cluster leads a partition of a topic that is spread over several: told by the topic's id and the
// partition's number, so that all nodes know it and nothing has to be kept. Partitions that follow on one another
// are in different cells, and topics begin in different ones.

/** Of `cells` cells, which are counted from 0. `topicId` has 22 characters of base64url. */
export function cellOfPartition(topicId: string, index: number, cells: number): number {
  return (firstOf(topicId) + index) % cells
}

/** The same for many partitions of one topic. */
export function cellFinderOf(topicId: string, cells: number): (index: number) => number {
  const first = firstOf(topicId)
  return (index) => (first + index) % cells
}

function firstOf(topicId: string): number {
  return Buffer.from(topicId, 'base64url').readUInt32BE()
}
