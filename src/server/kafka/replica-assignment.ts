// Assignments of partitions to brokers: who serves one is settled, so there is one that is possible. Texts
// are those of Kafka's ReplicationControlManager, where it has any.
import { brokerIds as idsOf } from './brokers-for.ts'
import { KafkaRefusal } from './error-code.ts'
import type { KafkaSettings } from './kafka-context.ts'

/** As it is in a cluster. */
const whereReplicasAre =
  'one broker serves each partition, and its copies are in PostgreSQL and the store of objects'

/** Why a partition cannot have so many replicas. */
export function tooManyReplicas(count: number, settings: KafkaSettings): string {
  const wanted = `Unable to replicate the partition ${count} time(s): The target replication factor of ${count} cannot be reached because`
  const others = settings.otherBrokers()
  return others.length === 0
    ? `${wanted} only 1 broker(s) are registered.`
    : `${wanted} ${whereReplicasAre}. Ask for a replication factor of 1, or -1.`
}

/**
 * The replicas that a request wants a partition to have, whose leader is `leaderId`: the one that it has. Throws
 * INVALID_REPLICA_ASSIGNMENT.
 */
export function checkReplicas(
  brokerIds: readonly number[],
  settings: KafkaSettings,
  leaderId: number = settings.nodeId,
): void {
  if (brokerIds.length === 0) {
    throw refuse('The manual partition assignment includes an empty replica list.')
  }
  const known = idsOf(settings)
  const unknown = brokerIds.find((id) => !known.includes(id))
  if (unknown !== undefined) {
    throw refuse(
      `The manual partition assignment includes broker ${unknown}, but no such broker is registered.`,
    )
  }
  const doubled = brokerIds.find((id, index) => brokerIds.indexOf(id) < index)
  if (doubled !== undefined) {
    throw refuse(`The manual partition assignment includes the broker ${doubled} more than once.`)
  }
  const elsewhere = brokerIds.find((id) => id !== leaderId)
  if (elsewhere !== undefined) {
    throw refuse(
      `The manual partition assignment includes broker ${elsewhere}, but ${whereReplicasAre}: it is broker ${leaderId} now.`,
    )
  }
}

interface AssignedPartition {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

/** The replicas of all partitions of a new topic. Throws INVALID_REPLICA_ASSIGNMENT. */
export function checkAssignments(
  assignments: readonly AssignedPartition[],
  settings: KafkaSettings,
): void {
  const indexes = new Set<number>()
  for (const { partitionIndex, brokerIds } of assignments) {
    if (indexes.has(partitionIndex)) {
      throw refuse(`Found multiple manual partition assignments for partition ${partitionIndex}`)
    }
    checkReplicas(brokerIds, settings)
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
