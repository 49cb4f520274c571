// What a client may do, as bits by AclOperation's code: what each request would be answered, asked of the code that
// they ask. A client that may do everything gets what Kafka 4.3.0 answers without an authorizer.
import type { AskedOperation } from '../../auth/acl-bits.ts'
import { operationCodes } from './acl-codes.ts'
import type { KafkaAccess } from './kafka-access.ts'

// AclEntry.supportedOperations of Kafka.

const onTopic: readonly AskedOperation[] = [
  'read',
  'write',
  'create',
  'describe',
  'delete',
  'alter',
  'describe-configs',
  'alter-configs',
]

const onGroup: readonly AskedOperation[] = [
  'read',
  'describe',
  'delete',
  'describe-configs',
  'alter-configs',
]

const onCluster: readonly AskedOperation[] = [
  'create',
  'cluster-action',
  'describe-configs',
  'alter-configs',
  'idempotent-write',
  'alter',
  'describe',
]

export function operationsOnTopic(access: KafkaAccess, name: string): number {
  return sumOf(onTopic, (operation) => access.mayTopic(operation, name))
}

export function operationsOnGroup(access: KafkaAccess, name: string): number {
  return sumOf(onGroup, (operation) => access.mayGroup(operation, name))
}

/** Kafka says nothing of the cluster to who may not describe it. */
export function operationsOnCluster(access: KafkaAccess): number {
  if (!access.mayCluster('describe')) return 0
  return sumOf(onCluster, (operation) => access.mayCluster(operation))
}

function sumOf(
  operations: readonly AskedOperation[],
  may: (operation: AskedOperation) => boolean,
): number {
  return operations
    .filter(may)
    .reduce((bits, operation) => bits | (1 << operationCodes[operation]), 0)
}
