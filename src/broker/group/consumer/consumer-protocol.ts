// What members of the classic protocol say and are told in bytes that only they understand (Kafka's
// ConsumerProtocolSubscription and ConsumerProtocolAssignment). All versions begin alike:
//
//   subscription  version i16 │ topics │ user data │ since 1: owned partitions │ since 2: generation …
//   assignment    version i16 │ topicCount i32 { size i16, topic, count i32 { i32 } … } … │ user data i32
//
// beside subscribed-topics.ts and assigned-partitions.ts, which read what both begin with.
import { assignedPartitions } from '../assigned-partitions.ts'
import type { TopicPartition } from '../committed-offset.ts'
import { subscribedTopics } from '../subscribed-topics.ts'
import { type Assignment, normalized } from './assignment.ts'
import type { GroupTopics } from './group-topics.ts'

const ownedVersion = 1
const topicsPosition = 2
const noUserData = -1

/** Partitions of one topic. */
export interface NamedPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** Whether something is in the subscription that others may read. */
export function isSubscription(metadata: Buffer | undefined): metadata is Buffer {
  return metadata !== undefined && subscribedTopics(metadata) !== undefined
}

export function protocolVersionOf(metadata: Buffer | undefined): number {
  return metadata === undefined || metadata.length < 2 ? 0 : Math.max(0, metadata.readInt16BE(0))
}

/** What a cooperative member says that it has; an eager one has nothing when it joins. */
export function ownedPartitions(metadata: Buffer): readonly TopicPartition[] {
  if (protocolVersionOf(metadata) < ownedVersion || !isSubscription(metadata)) return []
  let position = topicsPosition + 4
  for (let left = metadata.readInt32BE(topicsPosition); left > 0; left--) {
    position += 2 + metadata.readInt16BE(position)
  }
  position += 4 + Math.max(0, metadata.readInt32BE(position))
  const version = metadata.subarray(0, topicsPosition)
  // What owned partitions look like is what an assignment does.
  return assignedPartitions(Buffer.concat([version, metadata.subarray(position)])) ?? []
}

/** Whether an assignment has something that only its assignor understands. */
export function hasUserData(assignment: Buffer): boolean {
  const assigned = assignedPartitions(assignment)
  if (assigned === undefined || assignment.length === 0) return false
  const size = sizeOfTopics(assignment)
  return assignment.length >= size + 4 && assignment.readInt32BE(size) > 0
}

export function encodeAssignedPartitions(
  assigned: readonly NamedPartitions[],
  version: number,
): Buffer {
  const names = assigned.map(({ topic }) => Buffer.from(topic))
  const size = assigned.reduce(
    (sum, { partitions }, index) => sum + 2 + names[index]!.length + 4 + partitions.length * 4,
    topicsPosition + 4 + 4,
  )
  const bytes = Buffer.allocUnsafeSlow(size)
  let position = bytes.writeInt16BE(version, 0)
  position = bytes.writeInt32BE(assigned.length, position)
  for (const [index, { partitions }] of assigned.entries()) {
    const name = names[index]!
    position = bytes.writeInt16BE(name.length, position)
    position += name.copy(bytes, position)
    position = bytes.writeInt32BE(partitions.length, position)
    for (const partition of partitions) position = bytes.writeInt32BE(partition, position)
  }
  bytes.writeInt32BE(noUserData, position)
  return bytes
}

/** Topics that are gone are left out. */
export function namesOf(assignment: Assignment, topics: GroupTopics): NamedPartitions[] {
  return Array.from(assignment).flatMap(([topicId, partitions]) => {
    const topic = topics.findById(topicId)?.name
    return topic === undefined ? [] : [{ topic, partitions }]
  })
}

/** Partitions that there are not are left out. */
export function idsOf(places: readonly TopicPartition[], topics: GroupTopics): Assignment {
  const found = new Map<string, number[]>()
  for (const { topic: name, partition } of places) {
    const topic = topics.find(name)
    if (topic === undefined || partition < 0 || partition >= topic.partitionCount) continue
    const partitions = found.get(topic.topicId)
    if (partitions === undefined) found.set(topic.topicId, [partition])
    else partitions.push(partition)
  }
  return normalized(found)
}

function sizeOfTopics(assignment: Buffer): number {
  let position = topicsPosition + 4
  for (let left = assignment.readInt32BE(topicsPosition); left > 0; left--) {
    position += 2 + assignment.readInt16BE(position)
    position += 4 + assignment.readInt32BE(position) * 4
  }
  return position
}
