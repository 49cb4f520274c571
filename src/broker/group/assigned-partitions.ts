// Which partitions the leader of a classic group gave to a member (Kafka's ConsumerProtocolAssignment). All
// versions are alike:
//
//   version i16 │ topicCount i32 { size i16, topic, partitionCount i32 { i32 } … } … │ user data
import type { TopicPartition } from './committed-offset.ts'

const topicCountPosition = 2

/** Undefined for an assignment of another kind: Kafka Streams and others have formats of their own. */
export function assignedPartitions(assignment: Buffer): readonly TopicPartition[] | undefined {
  const end = assignment.length
  if (end === 0) return []
  if (end < topicCountPosition + 4 || assignment.readInt16BE(0) < 0) return undefined
  const count = assignment.readInt32BE(topicCountPosition)
  if (count < 0 || count > end) return undefined
  let position = topicCountPosition + 4
  const assigned: TopicPartition[] = []
  for (let index = 0; index < count; index++) {
    if (position + 2 > end) return undefined
    const start = position + 2
    const textEnd = start + assignment.readInt16BE(position)
    if (textEnd < start || textEnd + 4 > end) return undefined
    const topic = assignment.toString('utf8', start, textEnd)
    const partitionCount = assignment.readInt32BE(textEnd)
    position = textEnd + 4
    if (partitionCount < 0 || partitionCount > (end - position) / 4) return undefined
    for (let next = 0; next < partitionCount; next++, position += 4) {
      assigned.push({ topic, partition: assignment.readInt32BE(position) })
    }
  }
  return assigned
}
