// What a client may do, as bits by AclOperation's code: the right that answers each of Kafka's operations. A
// client that may do everything gets what Kafka 4.3.0 answers without an authorizer.
import type { GroupRight, TopicRight } from '../../auth/kafka-rights.ts'
import type { KafkaAccess } from './kafka-access.ts'

/** AclOperation. */
const operation = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

const topicBits: Readonly<Record<TopicRight, number>> = {
  read: bitsOf('read'),
  write: bitsOf('write'),
  configure: bitsOf('create', 'delete', 'alter', 'alterConfigs'),
  describe: bitsOf('describe', 'describeConfigs'),
}

const groupBits: Readonly<Record<GroupRight, number>> = {
  read: bitsOf('read'),
  configure: bitsOf('delete', 'alterConfigs'),
  describe: bitsOf('describe', 'describeConfigs'),
}

const clusterBits: number = bitsOf(
  'create',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
)

export function operationsOnTopic(access: KafkaAccess, name: string): number {
  return sumOf(topicBits, (right) => access.mayTopic(right, name))
}

export function operationsOnGroup(access: KafkaAccess, name: string): number {
  return sumOf(groupBits, (right) => access.mayGroup(right, name))
}

/** Kafka says nothing of the cluster to who may not describe it. */
export function operationsOnCluster({ isAdministrator }: KafkaAccess): number {
  return isAdministrator ? clusterBits : 0
}

function bitsOf(...names: readonly (keyof typeof operation)[]): number {
  return names.reduce((bits, name) => bits | (1 << operation[name]), 0)
}

function sumOf<Right extends string>(
  bitsByRight: Readonly<Record<Right, number>>,
  may: (right: Right) => boolean,
): number {
  let sum = 0
  for (const right in bitsByRight) if (may(right)) sum |= bitsByRight[right]
  return sum
}
