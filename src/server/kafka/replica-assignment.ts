// Assignments of partitions to brokers: there is one broker, so there is one that is possible. Texts
// are those of Kafka's ReplicationControlManager.
import { KafkaRefusal } from './error-code.ts'

/** The replicas that a request wants a partition to have. Throws INVALID_REPLICA_ASSIGNMENT. */
export function checkReplicas(brokerIds: readonly number[], nodeId: number): void {
  if (brokerIds.length === 0) {
    throw refuse('The manual partition assignment includes an empty replica list.')
  }
  const unknown = brokerIds.find((id) => id !== nodeId)
  if (unknown !== undefined) {
    throw refuse(
      `The manual partition assignment includes broker ${unknown}, but no such broker is registered.`,
    )
  }
  if (brokerIds.length > 1) {
    throw refuse(`The manual partition assignment includes the broker ${nodeId} more than once.`)
  }
}

interface AssignedPartition {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

/** The replicas of all partitions of a new topic. Throws INVALID_REPLICA_ASSIGNMENT. */
export function checkAssignments(assignments: readonly AssignedPartition[], nodeId: number): void {
  const indexes = new Set<number>()
  for (const { partitionIndex, brokerIds } of assignments) {
    if (indexes.has(partitionIndex)) {
      throw refuse(`Found multiple manual partition assignments for partition ${partitionIndex}`)
    }
    checkReplicas(brokerIds, nodeId)
    indexes.add(partitionIndex)
  }
  for (let index = 0; index < indexes.size; index++) {
    if (!indexes.has(index)) {
      throw refuse('partitions should be a consecutive 0-based integer sequence')
    }
  }
}

function refuse(message: string): KafkaRefusal {
  return new KafkaRefusal('INVALID_REPLICA_ASSIGNMENT', message)
}
