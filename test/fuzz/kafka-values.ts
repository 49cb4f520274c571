// Well-formed requests of any API and version, made up from the message definitions. Values are
// steered: names that exist, small numbers and whole batches get further than noise does.
import {
  isEmpty,
  type Field,
  type FieldType,
  type Message,
  type PrimitiveName,
  readMessage,
  type VersionRange,
} from '../../scripts/kafka/read-messages.ts'
import { apiCodecs, type ApiName } from '../../src/codec/kafka/apis.gen.ts'
import type { Random } from '../../src/lib/random.ts'
import { randomBatch } from './kafka-batches.ts'

type Value = Record<string, unknown>
type Steer = (random: Random) => unknown

/** Topics and groups of the fuzz itself; the honest client's have other names. */
export const fuzzTopics: readonly string[] = [
  'fz-one',
  'fz-many',
  'fz-compact',
  'fz-append-time',
  'fz-named',
]
/** One that is there before the fuzz begins: requests that name topics by their ids know this one. */
export const namedTopic = 'fz-named'
const groups = ['fz-group', 'fz-group-2']
const zeroUuid = Buffer.alloc(16).toString('base64url')
/** Some answers wait: fuzzing does not want to wait long with them. */
const waitMsMax = 40

const oneOf =
  (...values: unknown[]): Steer =>
  (random) =>
    values[random.below(values.length)]
const topicName = oneOf(...fuzzTopics, ...fuzzTopics, 'fz-absent', 'bad/name', '', '__x')
const small = oneOf(-1, 0, 0, 0, 1, 2, 5)

/** What a field of this name usually holds; everything else is random. */
const steered: Readonly<Record<string, Steer>> = {
  topic: topicName,
  name: topicName,
  topics: topicName,
  topicNames: topicName,
  groupId: oneOf(...groups, ''),
  groups: oneOf(...groups),
  groupsNames: oneOf(...groups),
  key: oneOf(...groups),
  keyType: oneOf(0, 0, 0, 1, 2, 9),
  acks: oneOf(-1, -1, 1, 0, 5),
  index: small,
  partition: small,
  partitionIndex: small,
  partitionIndexes: small,
  partitions: small,
  currentLeaderEpoch: oneOf(-1, -1, 0, 1),
  leaderEpoch: oneOf(-1, 0, 1),
  fetchOffset: oneOf(0, 0, 1, 5, 100, -1, Number.MAX_SAFE_INTEGER),
  offset: oneOf(0, 1, 5, -1, Number.MAX_SAFE_INTEGER),
  committedOffset: oneOf(0, 1, 5, -1, Number.MAX_SAFE_INTEGER),
  timestamp: oneOf(-1, -2, -3, -4, 0, 1, Date.now()),
  maxWaitMs: (random) => random.below(waitMsMax),
  minBytes: oneOf(0, 1, 1000, -5),
  maxBytes: oneOf(0, 1, 1000, 1_000_000, 0x7fff_ffff, -1),
  partitionMaxBytes: oneOf(0, 1, 1000, 1_000_000, 0x7fff_ffff, -1),
  sessionId: oneOf(0, 0, 1),
  sessionEpoch: oneOf(0, -1, -1, 1),
  sessionTimeoutMs: oneOf(6000, 10_000, 0, -1),
  rebalanceTimeoutMs: (random) => random.below(waitMsMax),
  timeoutMs: oneOf(0, 100, -1),
  protocolType: oneOf('consumer', 'connect', ''),
  generationId: oneOf(-1, 0, 1, 2),
  memberId: oneOf('', '', 'member'),
  groupInstanceId: oneOf(null, null, 'instance-1'),
  numPartitions: oneOf(-1, 0, 1, 2, 3, 7),
  count: oneOf(0, 1, 2, 5),
  replicationFactor: oneOf(-1, 1, 1, 3),
  brokerId: oneOf(1, 2),
  replicaId: oneOf(-1, -1, 0),
  isolationLevel: oneOf(0, 1, 7),
  resourceType: oneOf(2, 2, 4, 32, 0),
  resourceName: oneOf(...fuzzTopics, '', '1'),
  mechanism: oneOf('PLAIN', 'PLAIN', 'SCRAM-SHA-256'),
  transactionalId: oneOf(null, null, 'tx', ''),
  producerId: oneOf(-1, -1, 0, 1, 7),
  producerEpoch: oneOf(-1, 0, 1),
  producerIdFilters: oneOf(0, 1, 7),
  transactionalIds: oneOf('tx', 'tx', ''),
  transactionalIdPattern: oneOf(null, 't.*', '['),
  stateFilters: oneOf('Ongoing', 'Empty', 'none'),
  durationFilter: oneOf(-1, 0, 1000),
  v3AndBelowTransactionalId: oneOf('tx', ''),
  v3AndBelowProducerId: oneOf(0, 1, 7),
  v3AndBelowProducerEpoch: oneOf(0, 1),
  transactionTimeoutMs: oneOf(60_000, 1000, -1),
  memberEpoch: oneOf(0, 0, -1, -2, 1, 2),
  subscribedTopicNames: topicName,
  subscribedTopicRegex: oneOf(null, 'fz-.*', '['),
  serverAssignor: oneOf(null, 'uniform', 'range', 'none'),
  groupIds: oneOf(...groups),
  shareSessionEpoch: oneOf(0, 0, 1, 2, -1),
  shareAcquireMode: oneOf(0, 1, 7),
  maxRecords: oneOf(-1, 0, 1, 500),
  batchSize: oneOf(0, 1, 500),
  firstOffset: small,
  lastOffset: small,
  startOffset: small,
  acknowledgeTypes: oneOf(0, 1, 2, 3, 4, 9),
  topicName,
}
/** Settings, where `name` is not a topic's. */
const configNames = oneOf('retention.ms', 'cleanup.policy', 'max.message.bytes', 'no.such', '')
const configValues = oneOf('-1', '1000000', 'compact', 'delete', 'LogAppendTime', '', null)

export interface RandomRequest {
  readonly api: ApiName
  readonly apiVersion: number
  readonly request: never
}

const apiNames = Object.keys(apiCodecs) as ApiName[]
const messages = new Map<ApiName, Message>()

/** One well-formed request; the codec can write it. `topicIds` are those of topics that are there. */
export function randomRequest(random: Random, topicIds: readonly string[]): RandomRequest {
  // What carries data is worth more attention than the rest.
  const isData = random.below(3) === 0
  const from: readonly ApiName[] = isData ? ['produce', 'produce', 'fetch'] : apiNames
  const api = from[random.below(from.length)] as ApiName
  const { versionMin, versionMax } = apiCodecs[api]
  const apiVersion = versionMin + random.below(versionMax - versionMin + 1)
  const message = messageOf(api)
  const request = new Maker(message, apiVersion, { random, topicIds }).struct(message.name)
  return { api, apiVersion, request: request as never }
}

function messageOf(api: ApiName): Message {
  let message = messages.get(api)
  if (message === undefined) {
    message = readMessage(`${api.charAt(0).toUpperCase()}${api.slice(1)}Request`)
    messages.set(api, message)
  }
  return message
}

interface MakerParts {
  readonly random: Random
  readonly topicIds: readonly string[]
}

class Maker {
  readonly #message: Message
  readonly #version: number
  readonly #random: Random
  readonly #topicIds: readonly string[]

  constructor(message: Message, version: number, { random, topicIds }: MakerParts) {
    this.#message = message
    this.#version = version
    this.#random = random
    this.#topicIds = topicIds
  }

  struct(name: string): Value {
    const struct = this.#message.structs.find((each) => each.name === name)
    const value: Value = {}
    for (const field of struct?.fields ?? []) {
      value[field.name] = isIn(field.versions, this.#version)
        ? this.#field(field, name)
        : defaultOf(this.#message, field)
    }
    return value
  }

  #field(field: Field, structName: string): unknown {
    const random = this.#random
    if (isIn(field.nullable, this.#version) && random.below(6) === 0) return null
    if (structName.includes('Config') && random.below(8) > 0) {
      if (field.name === 'name') return configNames(random)
      if (field.name === 'value') return configValues(random)
    }
    return this.#typed(field.type, field)
  }

  #typed(type: FieldType, field: Field): unknown {
    if (type.kind === 'struct') return this.struct(type.name)
    if (type.kind === 'array') {
      const count = this.#random.below(this.#random.below(30) === 0 ? 40 : 4)
      return Array.from({ length: count }, () => this.#typed(type.item, field))
    }
    return this.#primitive(type.name, field)
  }

  #primitive(name: PrimitiveName, field: Field): unknown {
    const random = this.#random
    const id = this.#topicIds[random.below(this.#topicIds.length + 1)]
    if (field.name === 'topicId' && id !== undefined) return id
    const steer = steered[field.name]
    const isSteered = random.below(12) > 0 || /WaitMs|TimeoutMs|numPart|count/.test(field.name)
    if (steer !== undefined && isSteered) {
      const value = steer(random)
      const mayBeNull = isIn(field.nullable, this.#version)
      if (fits(name, value) || (value === null && mayBeNull)) return value
    }
    return randomPrimitive(name, random)
  }
}

function fits(name: PrimitiveName, value: unknown): boolean {
  if (name === 'string') return typeof value === 'string'
  if (name === 'int8') return typeof value === 'number' && Math.abs(value) < 128
  return /^u?int|float/.test(name) && typeof value === 'number' && Math.abs(value) < sizeOf(name)
}

function sizeOf(name: PrimitiveName): number {
  if (name.endsWith('16')) return 0x8000
  return name.endsWith('32') ? 0x8000_0000 : Infinity
}

function randomPrimitive(name: PrimitiveName, random: Random): unknown {
  switch (name) {
    case 'bool':
      return random.below(2) === 0
    case 'int8':
      return random.below(256) - 128
    case 'int16':
      return random.below(0x1_0000) - 0x8000
    case 'uint16':
      return random.below(0x1_0000)
    case 'int32':
      return (random.below(0x1_0000) << 16) | random.below(0x1_0000)
    case 'uint32':
      return random.below(0x1_0000) * 0x1_0000 + random.below(0x1_0000)
    case 'int64':
      return Math.floor((random.next() - 0.5) * Number.MAX_SAFE_INTEGER)
    case 'float64':
      return random.next() * 1000
    case 'string':
      return random.bytes(random.below(12)).toString('latin1')
    case 'uuid':
      return random.below(2) === 0 ? zeroUuid : random.bytes(16).toString('base64url')
    case 'records':
      return randomBatch(random)
    default:
      return random.below(4) === 0 ? Buffer.from('\0guest\0guest') : random.bytes(random.below(60))
  }
}

function defaultOf(message: Message, field: Field): unknown {
  if (field.default === 'null') return null
  const { type } = field
  if (type.kind === 'array') return []
  if (type.kind === 'struct') {
    const struct = message.structs.find(({ name }) => name === type.name)
    const fields = struct?.fields ?? []
    return Object.fromEntries(fields.map((inner) => [inner.name, defaultOf(message, inner)]))
  }
  if (type.name === 'bool') return field.default === 'true'
  if (type.name === 'string') return field.default ?? ''
  if (type.name === 'uuid') return zeroUuid
  if (type.name === 'bytes' || type.name === 'records') return Buffer.alloc(0)
  return Number(field.default ?? '0')
}

function isIn(range: VersionRange, version: number): boolean {
  return !isEmpty(range) && version >= range.min && version <= range.max
}
