// Topics made, grown, emptied and deleted: requests that cannot be are refused with the codes and the
// texts of Kafka's controller (4.x), and change nothing.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from 'amqplib'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type {
  CreatableReplicaAssignment,
  CreatableTopicResult,
} from '../../../src/codec/kafka/messages/create-topics.gen.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'

const code = {
  none: 0,
  unknownTopic: 3,
  invalidTopic: 17,
  alreadyExists: 36,
  invalidPartitions: 37,
  invalidReplicationFactor: 38,
  invalidReplicaAssignment: 39,
  invalidConfig: 40,
  invalidRequest: 42,
  policyViolation: 44,
  unknownTopicId: 100,
} as const

let kafka: KafkaFixture

before(async () => {
  kafka = await KafkaFixture.start()
})
after(() => kafka[Symbol.asyncDispose]())

interface Creation {
  readonly numPartitions?: number
  readonly replicationFactor?: number
  readonly assigned?: readonly (readonly [partition: number, brokers: readonly number[]])[]
  readonly configs?: Readonly<Record<string, string | null>>
  readonly isDryRun?: boolean
}

async function create(
  names: readonly string[],
  { assigned = [], configs = {}, isDryRun = false, ...counts }: Creation = {},
): Promise<readonly CreatableTopicResult[]> {
  const assignments: CreatableReplicaAssignment[] = assigned.map(([partitionIndex, brokerIds]) => ({
    partitionIndex,
    brokerIds,
  }))
  const { topics } = await kafka.client.call('createTopics', {
    topics: names.map((name) => ({
      name,
      numPartitions: -1,
      replicationFactor: -1,
      ...counts,
      assignments,
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    })),
    timeoutMs: 1000,
    validateOnly: isDryRun,
  })
  return topics
}

type Answer = readonly [code: number, message: string | null]

async function createOne(name: string, creation: Creation = {}): Promise<Answer> {
  const [topic] = await create([name], creation)
  return [topic?.errorCode ?? -1, topic?.errorMessage ?? null]
}

async function metadataCode(name: string, mayCreate: boolean): Promise<number | undefined> {
  const { topics } = await kafka.client.call('metadata', {
    topics: [{ name, topicId: zeroUuid }],
    allowAutoTopicCreation: mayCreate,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  return topics[0]?.errorCode
}

async function topicId(name: string): Promise<string> {
  const { topics } = await kafka.client.call('metadata', {
    topics: [{ name, topicId: zeroUuid }],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  return topics[0]?.topicId ?? ''
}

const start = 'A manual partition assignment was specified, but'
const includes = 'The manual partition assignment includes'
const impossible: readonly (readonly [creation: Creation, code: number, text: string])[] = [
  [
    { assigned: [[0, [1]]], numPartitions: 1 },
    code.invalidRequest,
    `${start} numPartitions was not set to -1.`,
  ],
  [
    { assigned: [[0, [1]]], replicationFactor: 1 },
    code.invalidRequest,
    `${start} replication factor was not set to -1.`,
  ],
  [
    {
      assigned: [
        [0, [1]],
        [2, [1]],
      ],
    },
    code.invalidReplicaAssignment,
    'partitions should be a consecutive 0-based integer sequence',
  ],
  [
    {
      assigned: [
        [0, [1]],
        [0, [1]],
      ],
    },
    code.invalidReplicaAssignment,
    'Found multiple manual partition assignments for partition 0',
  ],
  [
    { assigned: [[0, [1, 1]]] },
    code.invalidReplicaAssignment,
    `${includes} the broker 1 more than once.`,
  ],
  [{ assigned: [[0, []]] }, code.invalidReplicaAssignment, `${includes} an empty replica list.`],
  [
    { assigned: [[0, [99]]] },
    code.invalidReplicaAssignment,
    `${includes} broker 99, but no such broker is registered.`,
  ],
  ...[0, -2].map((replicationFactor) => {
    const text = 'Replication factor must be larger than 0, or -1 to use the default value.'
    return [{ replicationFactor }, code.invalidReplicationFactor, text] as const
  }),
  [
    { replicationFactor: 3 },
    code.invalidReplicationFactor,
    'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered.',
  ],
  ...[0, -2].map((numPartitions) => {
    const text = 'Number of partitions was set to an invalid non-positive value.'
    return [{ numPartitions }, code.invalidPartitions, text] as const
  }),
  [
    { numPartitions: 10_001 },
    code.policyViolation,
    'Excessively large number of partitions per request.',
  ],
  [
    { configs: { 'retention.ms': null, 'segment.ms': null } },
    code.invalidConfig,
    'Null value not supported for topic configs: retention.ms,segment.ms',
  ],
]

describe('CreateTopics', () => {
  it('refuses partitions, replicas and settings that cannot be, and makes nothing', async () => {
    for (const [creation, expected, text] of impossible) {
      assert.deepEqual(await createOne('impossible', creation), [expected, text])
      assert.deepEqual(
        await createOne('impossible', { ...creation, isDryRun: true }),
        [expected, text],
        'a dry run says the same',
      )
    }
    assert.equal(await metadataCode('impossible', false), code.unknownTopic)
  })

  it('makes as many partitions as are assigned', async () => {
    const assigned = [2, 0, 1].map((index) => [index, [1]] as const)
    const [created] = await create(['assigned'], { assigned })
    assert.deepEqual([created?.errorCode, created?.numPartitions], [code.none, 3])
  })

  it('answers a name that is repeated once, with an error', async () => {
    const results = await create(['twice', 'once-only', 'twice', 'twice'])
    assert.deepEqual(
      results.map(({ name, errorCode }) => [name, errorCode]),
      [
        ['twice', code.invalidRequest],
        ['once-only', code.none],
      ],
    )
    assert.equal(results[0]?.errorMessage, 'Duplicate topic name.')
  })

  it('refuses a name that differs from another only in dots and underscores', async () => {
    assert.equal((await createOne('c.d'))[0], code.none)
    const refusal = [code.invalidTopic, "Topic 'c_d' collides with existing topic: c.d"]
    assert.deepEqual(await createOne('c_d'), refusal)
    assert.deepEqual(await createOne('c_d', { isDryRun: true }), refusal)
    assert.equal((await createOne('c.d'))[0], code.alreadyExists)
    assert.equal((await createOne('c-d'))[0], code.none, 'a dash is something else')
    assert.equal(await metadataCode('c_d', true), code.invalidTopic, 'nor by asking for it')
    await kafka.client.call('deleteTopics', {
      topics: [{ name: 'c.d', topicId: zeroUuid }],
      topicNames: [],
      timeoutMs: 1000,
    })
    assert.equal((await createOne('c_d'))[0], code.none, 'the name is free again')
  })

  it('keeps a topic that somebody asked for when its declaration is refused', async () => {
    assert.equal(await metadataCode('asked-for', true), code.none)
    const before = await topicId('asked-for')
    assert.equal((await createOne('asked-for', { replicationFactor: 2 }))[0], 38)
    assert.equal(await topicId('asked-for'), before)
    assert.equal((await createOne('asked-for', { isDryRun: true }))[0], code.none)
    assert.equal(await topicId('asked-for'), before)
    assert.equal((await createOne('asked-for', { numPartitions: 4 }))[0], code.none)
    assert.notEqual(await topicId('asked-for'), before)
  })
})

describe('CreatePartitions', () => {
  async function grow(
    topics: readonly (readonly [name: string, count: number, brokers?: readonly number[][]])[],
  ): Promise<Answer[]> {
    const { results } = await kafka.client.call('createPartitions', {
      topics: topics.map(([name, count, brokers]) => ({
        name,
        count,
        assignments: brokers?.map((brokerIds) => ({ brokerIds })) ?? null,
      })),
      timeoutMs: 1000,
      validateOnly: false,
    })
    return results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage ?? null])
  }

  it('refuses counts and assignments that cannot be', async () => {
    await create(['grown'], { numPartitions: 3 })
    const refusals: readonly (readonly [count: number, brokers: number[][], answer: Answer])[] = [
      [
        5,
        [[1]],
        [
          code.invalidReplicaAssignment,
          'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
        ],
      ],
      [
        4,
        [[99]],
        [code.invalidReplicaAssignment, `${includes} broker 99, but no such broker is registered.`],
      ],
      [4, [[]], [code.invalidReplicaAssignment, `${includes} an empty replica list.`]],
      [3, [], [code.invalidPartitions, 'Topic already has 3 partition(s).']],
      [
        2,
        [],
        [
          code.invalidPartitions,
          'The topic grown currently has 3 partition(s); 2 would not be an increase.',
        ],
      ],
    ]
    for (const [count, brokers, answer] of refusals) {
      assert.deepEqual(await grow([['grown', count, brokers]]), [answer])
    }
    const twice = ['grown', 6] as const
    assert.deepEqual(await grow([twice, twice]), [[code.invalidRequest, 'Duplicate topic name.']])
    assert.equal((await grow([['absent', 3]]))[0]?.[0], code.unknownTopic)
    assert.deepEqual(await grow([['grown', 5, [[1], [1]]]]), [[code.none, null]])
    assert.deepEqual(await grow([['grown', 7]]), [[code.none, null]])
  })
})

describe('DeleteTopics', () => {
  async function remove(
    topics: readonly (readonly [name: string | null, topicId?: string])[],
  ): Promise<(readonly [name: string | null, code: number, message: string | null])[]> {
    const { responses } = await kafka.client.call('deleteTopics', {
      topics: topics.map(([name, id = zeroUuid]) => ({ name, topicId: id })),
      topicNames: [],
      timeoutMs: 1000,
    })
    return responses.map(({ name, errorCode, errorMessage = null }) => [
      name ?? null,
      errorCode,
      errorMessage,
    ])
  }

  it('takes a name or an id, and not both', async () => {
    await create(['kept', 'by-name', 'by-id'])
    const kept = await topicId('kept')
    const both = 'You may not specify both topic name and topic id.'
    assert.deepEqual(await remove([['kept', kept]]), [['kept', code.invalidRequest, both]])
    const neither = 'Neither topic name nor id were specified.'
    assert.deepEqual(await remove([[null]]), [[null, code.invalidRequest, neither]])
    assert.deepEqual(await remove([['kept'], ['kept']]), [
      ['kept', code.invalidRequest, 'Duplicate topic name.'],
    ])
    assert.deepEqual(
      await remove([
        [null, kept],
        [null, kept],
      ]),
      [[null, code.invalidRequest, 'Duplicate topic id.']],
    )
    assert.equal(await topicId('kept'), kept)
    const removed = await remove([['by-name'], [null, await topicId('by-id')]])
    assert.deepEqual(removed, [
      ['by-name', code.none, null],
      ['by-id', code.none, null],
    ])
    assert.equal((await remove([[null, kept.replace(/^./, '_')]]))[0]?.[1], code.unknownTopicId)
    assert.equal((await remove([['by-name']]))[0]?.[1], code.unknownTopic)
  })

  it('deletes a topic that is named twice, by id and by name, once', async () => {
    await create(['both-ways'])
    const [first, second] = await remove([[null, await topicId('both-ways')], ['both-ways']])
    assert.deepEqual(first, ['both-ways', code.none, null])
    assert.deepEqual(second, [
      'both-ways',
      code.invalidRequest,
      'The provided topic name maps to an ID that was already supplied.',
    ])
  })
})

describe('DeleteRecords', () => {
  async function deleteUpTo(name: string, offset: number): Promise<readonly [number, number]> {
    const { topics } = await kafka.client.call('deleteRecords', {
      topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 1000,
    })
    const [partition] = topics[0]?.partitions ?? []
    return [partition?.errorCode ?? -1, partition?.lowWatermark ?? -2]
  }

  it('leaves a topic alone that is only compacted', async () => {
    const batch = batchOfRecords([{ key: 'a' }, { key: 'b' }])
    for (const policy of ['compact', 'delete', 'compact,delete']) {
      const name = `policy-${policy.replace(',', '-')}`
      await kafka.createTopic(name, { 'cleanup.policy': policy })
      await kafka.produce(name, batch)
      const isAllowed = policy !== 'compact'
      assert.deepEqual(
        await deleteUpTo(name, 1),
        isAllowed ? [code.none, 1] : [code.policyViolation, -1],
      )
      assert.equal((await kafka.findOffset(name, -2)).offset, isAllowed ? 1 : 0)
    }
  })
})

describe('a name that no topic can have', () => {
  it('is refused for good, not as if it could come', async () => {
    for (const mayCreate of [true, false]) {
      assert.equal(await metadataCode('bad$name', mayCreate), code.invalidTopic)
      assert.equal(await metadataCode('', mayCreate), code.invalidTopic)
      assert.equal(await metadataCode('..', mayCreate), code.invalidTopic)
    }
    const described = await kafka.client.call('describeTopicPartitions', {
      topics: [{ name: 'bad$name' }, { name: 'not-there' }],
      responsePartitionLimit: 10,
      cursor: null,
    })
    assert.deepEqual(
      described.topics.map(({ errorCode }) => errorCode),
      [code.invalidTopic, code.unknownTopic],
    )
  })

  it('may not be one in which Kafka keeps its own state, which nothing would read here', async () => {
    for (const name of ['__consumer_offsets', '__transaction_state', '__cluster_metadata']) {
      assert.equal(await metadataCode(name, true), code.invalidTopic)
      assert.deepEqual(await createOne(name), [
        code.invalidRequest,
        `Creation of internal topic ${name} is prohibited.`,
      ])
      assert.equal(await metadataCode(name, false), code.invalidTopic)
    }
  })

  it('may be that of a queue which Kafka does not see', async () => {
    const connection = await connect(kafka.amqpUrl)
    try {
      const channel = await connection.createChannel()
      await channel.assertQueue('transient', { durable: false })
      await channel.assertQueue('private', { exclusive: true })
      await channel.assertQueue('fleeting', { autoDelete: true })
      for (const name of ['transient', 'private', 'fleeting']) {
        for (const mayCreate of [true, false]) {
          assert.equal(await metadataCode(name, mayCreate), code.invalidTopic)
        }
        const { errorCode } = await kafka.produce(name, batchOfRecords([{}]))
        assert.equal(errorCode, code.invalidTopic)
      }
    } finally {
      await connection.close()
    }
    assert.equal(await metadataCode('private', false), code.unknownTopic, 'it has gone')
  })
})
