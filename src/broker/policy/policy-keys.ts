// The settings that a policy may have: what their values may be, which objects a policy with them fits,
// and what an operator's policy makes of a user's. Tables and texts are those of RabbitMQ 4.2; what came
// later or went earlier is noted. Source: rabbit_policies.erl, the `unsupported_policies` of its queue
// types, and the validators of its plugins for federation and sharding.
import type { PolicyDefinition, PolicyValue } from '../../meta/topology-change.ts'
import { ageMsOf } from '../argument-check.ts'
import type { QueueType } from '../queue-arguments.ts'
import { erlangTerm } from './erlang-term.ts'

/** What of both counts: the user's value and the operator's. */
export type Merge = (value: PolicyValue, operatorValue: PolicyValue) => PolicyValue

export interface PolicyKey {
  /** Whether a value may be set. */
  readonly accepts: (value: unknown) => boolean
  /** What is said of another one: behind the value itself, or of it as a term of Erlang. */
  readonly refusal: string | ((term: string) => string)
  /** A policy with it applies to no queue of these types. */
  readonly unfit?: readonly QueueType[]
  /** There for operators, too. */
  readonly merge?: Merge
  /** What comes of it that it has no effect yet; left out where it acts or means nothing on one machine. */
  readonly consequence?: string
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value)
const between =
  (least: number, most: number = Infinity) =>
  (value: unknown): boolean =>
    isInteger(value) && value >= least && value <= most

const lower: Merge = (value, operatorValue) => Math.min(Number(value), Number(operatorValue))
const higher: Merge = (value, operatorValue) => Math.max(Number(value), Number(operatorValue))
const operators: Merge = (_value, operatorValue) => operatorValue

/** Below zero is no limit, which any limit wins over. */
export function lowerDeliveryLimit(value: number, other: number): number {
  return value < 0 || other < 0 ? Math.max(value, other) : Math.min(value, other)
}

const streamSegmentBytesMax = 3_000_000_000

const notOnStreams = ['stream'] as const
const onQuorumOnly = ['classic', 'stream'] as const
const onStreamsOnly = ['classic', 'quorum'] as const
const onClassicOnly = ['quorum', 'stream'] as const

const oneCopy = 'there is one copy, on this machine'
const notFederated = 'nothing is federated'
const noShards = 'no shards are made'

/** Names mirrors of RabbitMQ 3, which 4.0 dropped; they stand in the definitions of many a system. */
const mirrors = { unfit: onClassicOnly, consequence: oneCopy } as const

export const policyKeys: Readonly<Record<string, PolicyKey>> = {
  'alternate-exchange': {
    accepts: isText,
    refusal: 'is not a valid alternate exchange name',
  },
  'dead-letter-exchange': {
    accepts: isText,
    refusal: 'is not a valid dead letter exchange name',
    unfit: notOnStreams,
  },
  'dead-letter-routing-key': {
    accepts: isText,
    refusal: 'is not a valid dead letter routing key',
    unfit: notOnStreams,
  },
  'dead-letter-strategy': {
    accepts: oneOf('at-most-once', 'at-least-once'),
    refusal: 'is not a valid dead letter strategy',
    unfit: onQuorumOnly,
  },
  'message-ttl': {
    accepts: between(0),
    refusal: 'is not a valid message TTL',
    unfit: notOnStreams,
    merge: lower,
  },
  expires: {
    accepts: between(1),
    refusal: 'is not a valid queue expiry',
    unfit: notOnStreams,
    merge: lower,
  },
  'max-length': {
    accepts: between(0),
    refusal: 'is not a valid maximum length',
    unfit: notOnStreams,
    merge: lower,
  },
  'max-length-bytes': {
    accepts: between(0),
    refusal: 'is not a valid maximum length in bytes',
    merge: lower,
  },
  'max-in-memory-length': {
    accepts: between(0),
    refusal: 'is not a valid maximum memory in bytes',
    unfit: onQuorumOnly,
    merge: lower,
  },
  'max-in-memory-bytes': {
    accepts: between(0),
    refusal: 'is not a valid maximum memory in bytes',
    unfit: onQuorumOnly,
    merge: lower,
  },
  'queue-mode': {
    accepts: oneOf('default', 'lazy'),
    refusal: 'is not a valid queue-mode value',
    unfit: onClassicOnly,
  },
  'queue-version': {
    accepts: oneOf(1, 2),
    refusal: 'is not a valid queue-version value',
    merge: operators,
  },
  // Pabal's own, as the next.
  'max-publish-rate': {
    accepts: between(1),
    refusal: 'is not a valid maximum publish rate',
    unfit: notOnStreams,
    merge: lower,
  },
  'max-publish-bytes-rate': {
    accepts: between(1),
    refusal: 'is not a valid maximum publish rate in bytes',
    unfit: notOnStreams,
    merge: lower,
  },
  overflow: {
    accepts: oneOf('drop-head', 'reject-publish', 'reject-publish-dlx'),
    refusal: 'is not a valid overflow value',
    unfit: notOnStreams,
    merge: operators,
  },
  'delivery-limit': {
    accepts: isInteger,
    refusal: 'is not a valid delivery limit',
    unfit: onQuorumOnly,
    merge: (value, operatorValue) => lowerDeliveryLimit(Number(value), Number(operatorValue)),
  },
  'consumer-timeout': {
    accepts: between(0),
    refusal: 'is not a valid consumer timeout',
  },
  // Pabal's own.
  profile: {
    accepts: oneOf('latency', 'throughput'),
    refusal: 'is not a valid profile',
  },
  // From 4.3; of members of a cluster that are away.
  'consumer-disconnected-timeout': {
    accepts: between(0),
    refusal: 'is not a valid consumer disconnected timeout',
  },
  // The three from 4.3.
  'delayed-retry-type': {
    accepts: oneOf('all', 'failed', 'returned', 'disabled'),
    refusal: 'is not a valid delayed retry type. Must be one of: all, failed, returned, disabled',
    merge: operators,
  },
  'delayed-retry-min': {
    accepts: between(1),
    refusal: 'is not a valid delayed retry minimum delay. Must be a positive integer',
    merge: higher,
  },
  'delayed-retry-max': {
    accepts: between(1),
    refusal: 'is not a valid delayed retry maximum delay. Must be a positive integer',
    merge: lower,
  },
  'max-age': {
    accepts: (value) => typeof value === 'string' && ageMsOf(value) !== undefined,
    refusal: 'is not a valid max age',
    unfit: onStreamsOnly,
  },
  // Pabal's own.
  'order-by-key': {
    accepts: oneOf(true, false),
    refusal: 'is not a valid order by key. Must be true or false',
    unfit: notOnStreams,
  },
  // The two are Pabal's own.
  'retention-ms': {
    accepts: between(1),
    refusal: 'is not a valid retention time',
    unfit: notOnStreams,
    merge: lower,
  },
  'retention-bytes': {
    accepts: between(1),
    refusal: 'is not a valid retention size in bytes',
    unfit: notOnStreams,
    merge: lower,
  },
  'stream-max-segment-size-bytes': {
    accepts: between(0, streamSegmentBytesMax),
    refusal: 'is not a valid segment size',
    unfit: onStreamsOnly,
    consequence: 'old records go in pieces of another size',
  },
  'stream-filter-size-bytes': {
    accepts: between(16, 255),
    refusal: 'is not a valid filter size. Valid range is 16-255',
  },
  'queue-leader-locator': {
    accepts: oneOf('client-local', 'balanced', 'random', 'least-leaders'),
    refusal: 'is not a valid queue leader locator value',
  },
  // Deprecated since 4.0.
  'queue-master-locator': {
    accepts: oneOf('client-local', 'random', 'min-masters'),
    refusal: 'is not a valid master locator',
    unfit: onClassicOnly,
    merge: operators,
  },
  'initial-cluster-size': {
    accepts: between(0),
    refusal: 'is not a valid cluster size',
    unfit: onStreamsOnly,
    consequence: oneCopy,
  },
  'target-group-size': {
    accepts: between(1),
    refusal: 'is not a valid qq target count value',
    unfit: onQuorumOnly,
    merge: higher,
    consequence: oneCopy,
  },
  // From 4.3.
  'member-placement-tag': {
    accepts: (value) => isText(value) && value !== '',
    refusal: 'is not a valid member-placement-tag value. Must be a non-empty string',
    merge: operators,
  },
  // The four of the plugin rabbitmq-message-deduplication.
  'x-message-deduplication': {
    accepts: oneOf(true, false),
    refusal: (term) => `"x-message-deduplication" must be a boolean, got ${term}`,
  },
  'x-cache-size': {
    accepts: between(1),
    refusal: (term) => `"x-cache-size" must be an integer greater than 0, got ${term}`,
  },
  'x-cache-ttl': {
    accepts: between(1),
    refusal: (term) => `"x-cache-ttl" must be an integer greater than 0, got ${term}`,
  },
  'x-cache-persistence': {
    accepts: oneOf('disk', 'memory'),
    refusal: (term) => `"x-cache-persistence" must be either "disk" or "memory", got ${term}`,
  },
  'federation-upstream': {
    accepts: isText,
    refusal: 'is not a valid federation upstream name',
    consequence: notFederated,
  },
  'federation-upstream-set': {
    accepts: isText,
    refusal: 'is not a valid federation upstream set name',
    consequence: notFederated,
  },
  'federation-upstream-pattern': {
    accepts: isText,
    refusal: 'is not a valid federation upstream pattern name',
    consequence: notFederated,
  },
  'shards-per-node': {
    accepts: between(0),
    refusal: 'is not a valid number of shards',
    consequence: noShards,
  },
  'routing-key': {
    accepts: isText,
    refusal: 'is not a valid routing key of shards',
    consequence: noShards,
  },
  'ha-mode': {
    ...mirrors,
    accepts: oneOf('all', 'exactly', 'nodes'),
    refusal: 'is not a valid ha-mode value',
  },
  'ha-params': {
    ...mirrors,
    accepts: (value) => between(1)(value) || (Array.isArray(value) && value.every(isText)),
    refusal: 'is not a valid ha-params value',
  },
  'ha-sync-mode': {
    ...mirrors,
    accepts: oneOf('automatic', 'manual'),
    refusal: 'is not a valid ha-sync-mode value',
  },
  'ha-sync-batch-size': {
    ...mirrors,
    accepts: between(1),
    refusal: 'is not a valid ha-sync-batch-size value',
  },
  'ha-promote-on-shutdown': {
    ...mirrors,
    accepts: oneOf('always', 'when-synced'),
    refusal: 'is not a valid ha-promote-on-shutdown value',
  },
  'ha-promote-on-failure': {
    ...mirrors,
    accepts: oneOf('always', 'when-synced'),
    refusal: 'is not a valid ha-promote-on-failure value',
  },
}

/** The key of that name; undefined when there is none, or none for operators. */
export function findPolicyKey(name: string, isOperator: boolean): PolicyKey | undefined {
  const key = Object.hasOwn(policyKeys, name) ? policyKeys[name] : undefined
  return isOperator && key?.merge === undefined ? undefined : key
}

/** What is wrong with values that are fine each for itself; undefined when nothing is. */
export function findContradiction(definition: PolicyDefinition): string | undefined {
  const has = (key: string): boolean => Object.hasOwn(definition, key)
  const upstreams = Object.keys(definition).filter((key) => key.startsWith('federation-'))
  if (upstreams.length > 1) {
    return (
      'cannot specify federation-upstream, federation-upstream-set ' +
      'or federation-upstream-pattern together'
    )
  }
  if (has('routing-key') && !has('shards-per-node')) return 'shards-per-node must be specified'
  const { 'delayed-retry-type': type, 'delayed-retry-min': min } = definition
  const max = definition['delayed-retry-max']
  if (type !== undefined && type !== 'disabled' && min === undefined) {
    return `delayed-retry-min is required when delayed-retry-type is ${String(type)}`
  }
  if (min !== undefined && max !== undefined && max < min) {
    return `delayed-retry-max (${String(max)}) must not be smaller than delayed-retry-min (${String(min)})`
  }
  return undefined
}

/** What is wrong with a value of a key. */
export function refusalOf(key: PolicyKey, value: unknown): string | undefined {
  if (key.accepts(value)) return undefined
  const { refusal } = key
  const term = erlangTerm(value)
  return typeof refusal === 'string' ? `${term} ${refusal}` : refusal(term)
}
