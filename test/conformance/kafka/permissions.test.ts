// What clients with some rights see, beyond which right each request needs: lists, requests about several
// topics, topics that Metadata makes, and what a refusal tells. Source: KafkaApis and ControllerApis of Kafka 4.x.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  RequestCursor,
} from '../../../src/codec/kafka/messages/describe-topic-partitions.gen.ts'
import type { MetadataResponse } from '../../../src/codec/kafka/messages/metadata.gen.ts'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import type { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { KafkaWithUsers } from '../../support/kafka-with-users.ts'
import { waitFor } from '../../support/wait-for.ts'

const code = {
  none: 0,
  unknownTopic: 3,
  topic: 29,
  group: 30,
  cluster: 31,
  unknownId: 100,
} as const
/** The newest versions that name topics. */
const byName = { produce: 12, fetch: 12, offsetCommit: 9, offsetFetch: 9 } as const

let kafka: KafkaWithUsers
let client: KafkaRawClient
before(async () => {
  kafka = await KafkaWithUsers.start()
  for (const name of ['a1', 'a2', 'b1', 'b2']) await kafka.createTopic(name, 2)
  for (const groupId of ['ga', 'gb']) assert.deepEqual(await commit(kafka.all, groupId), [0, 0, 0])
})
after(() => kafka[Symbol.asyncDispose]())
beforeEach(async () => {
  await kafka.grant({})
  client = await kafka.login()
})
afterEach(() => client[Symbol.asyncDispose]())

function metadata(
  names: readonly string[] | null,
  options: { readonly allowAutoTopicCreation?: boolean } = {},
  from: KafkaRawClient = client,
): Promise<MetadataResponse> {
  return from.call('metadata', {
    topics: names?.map((name) => ({ name, topicId: zeroUuid })) ?? null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
    ...options,
  })
}

/** Offsets of partition 0 of a1, b1 and a2; the error of each. */
async function commit(from: KafkaRawClient, groupId: string, offset = 1): Promise<number[]> {
  const partition = { committedLeaderEpoch: -1, committedMetadata: '' }
  const partitions = [{ ...partition, partitionIndex: 0, committedOffset: offset }]
  const request = {
    groupId,
    memberId: '',
    groupInstanceId: null,
    generationIdOrMemberEpoch: -1,
    retentionTimeMs: -1,
    topics: ['a1', 'b1', 'a2'].map((name) => ({ name, topicId: zeroUuid, partitions })),
  }
  const { topics } = await from.call('offsetCommit', request, byName.offsetCommit)
  return topics.map((topic) => topic.partitions[0]?.errorCode ?? -1)
}

/** What a group has committed for partition 0 of all topics, or of these: offset and error. */
async function committed(
  from: KafkaRawClient,
  groupId: string,
  names: readonly string[] | null = null,
): Promise<Record<string, readonly number[]>> {
  const topics = names?.map((name) => ({ name, topicId: zeroUuid, partitionIndexes: [0] })) ?? null
  const asked = { groupId, memberId: null, memberEpoch: -1, topics }
  const request = { groupId: '', topics: null, groups: [asked], requireStable: false }
  const { groups } = await from.call('offsetFetch', request, byName.offsetFetch)
  assert.equal(groups?.[0]?.errorCode, code.none)
  return Object.fromEntries(
    groups[0].topics.map(({ name = '', partitions: [first] }) => {
      return [name, [first?.committedOffset ?? 0, first?.errorCode ?? 0]]
    }),
  )
}

/** One record into partition 0 of each; the error of each. */
async function produce(from: KafkaRawClient, names: readonly string[]): Promise<number[]> {
  const topicData = names.map((name) => {
    const partitionData = [{ index: 0, records: batchOfRecords([{ value: name }]) }]
    return { name, topicId: zeroUuid, partitionData }
  })
  const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
  const { responses } = await from.call('produce', request, byName.produce)
  return responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode ?? -1)
}

async function endOf(topic: string): Promise<number> {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }]
  const asked = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] }
  const { topics } = await kafka.all.call('listOffsets', { ...asked, timeoutMs: 0 })
  return topics[0]?.partitions[0]?.offset ?? -1
}

describe('a list', () => {
  for (const right of ['configure', 'write', 'read'] as const) {
    it(`of all topics has those with any right, such as ${right}`, async () => {
      await kafka.grant({ [right]: '^a' })
      const { topics } = await metadata(null)
      assert.deepEqual(new Set(topics.map(({ name }) => name)), new Set(['a1', 'a2']))
    })
  }

  it('of all topics in pages has those, and pages end where they end', async () => {
    await kafka.grant({ read: '^(a2|b)' })
    const seen: string[] = []
    let cursor: RequestCursor | null = null
    do {
      const asked: DescribeTopicPartitionsRequest = {
        topics: [],
        responsePartitionLimit: 3,
        cursor,
      }
      const page: DescribeTopicPartitionsResponse = await client.call(
        'describeTopicPartitions',
        asked,
      )
      for (const { name, errorCode, partitions } of page.topics) {
        assert.equal(errorCode, code.none)
        for (const { partitionIndex } of partitions) seen.push(`${name}/${partitionIndex}`)
      }
      cursor = page.nextCursor ?? null
    } while (cursor !== null)
    assert.deepEqual(seen, ['a2/0', 'a2/1', 'b1/0', 'b1/1', 'b2/0', 'b2/1'])
  })

  it('of named topics in one page has a refusal for those that may not be seen', async () => {
    await kafka.grant({ read: '^a' })
    const topics = ['b1', 'a1', 'missing'].map((name) => ({ name }))
    const asked = { topics, responsePartitionLimit: 3, cursor: null }
    const page = await client.call('describeTopicPartitions', asked)
    const described = page.topics.map(({ name, errorCode, topicId, partitions }) => {
      return [name, errorCode, topicId === zeroUuid, partitions.length]
    })
    assert.deepEqual(described, [
      ['a1', code.none, false, 2],
      ['b1', code.topic, true, 0],
      ['missing', code.topic, true, 0],
    ])
    assert.equal(page.nextCursor, null)
  })

  it('of groups has those that may be read or configured', async () => {
    const ask = async (): Promise<string[]> => {
      const { groups } = await client.call('listGroups', { statesFilter: [], typesFilter: [] })
      return groups.map(({ groupId }) => groupId)
    }
    await kafka.grant({ read: '^ga$' })
    assert.deepEqual(await ask(), ['ga'])
    await kafka.grant({ configure: '^gb$', write: '.*' })
    assert.deepEqual(await ask(), ['gb'])
  })

  it('of a group’s offsets has those of topics that may be seen', async () => {
    await kafka.grant({ read: '^(ga|a1)$', write: '^a2$' })
    const all = await committed(client, 'ga')
    assert.deepEqual(all, { a1: [1, code.none], a2: [1, code.none] })
    const named = await committed(client, 'ga', ['b1', 'a1'])
    assert.deepEqual(named, { b1: [-1, code.topic], a1: [1, code.none] })
  })
})

describe('a refusal', () => {
  it('is the same whether there is such a topic or not', async () => {
    for (const name of ['b1', 'missing']) {
      const { topics } = await metadata([name])
      assert.deepEqual(topics, [
        {
          errorCode: code.topic,
          name,
          topicId: zeroUuid,
          isInternal: false,
          partitions: [],
          topicAuthorizedOperations: -2_147_483_648,
        },
      ])
      assert.deepEqual(await produce(client, [name]), [code.topic])
      const config = await new ConfigCalls(client).describeOne(configType.topic, name)
      assert.deepEqual([config.errorCode, config.configs], [code.topic, []])
      const doomed = { topics: [{ name, topicId: zeroUuid }], topicNames: [], timeoutMs: 1000 }
      const { responses } = await client.call('deleteTopics', doomed)
      assert.equal(responses[0]?.errorCode, code.topic)
    }
  })

  it('names no topic that is asked for by its id, and ids of none are told apart', async () => {
    const known = (await metadata(['b1'], {}, kafka.all)).topics[0]?.topicId ?? ''
    const unknown = '00000000-0000-4000-8000-000000000000'
    const asked = {
      topics: [known, unknown].map((topicId) => ({ name: null, topicId })),
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    const { topics } = await client.call('metadata', asked)
    assert.deepEqual(
      topics.map(({ name, errorCode, partitions }) => [name, errorCode, partitions.length]),
      [
        [null, code.topic, 0],
        [null, code.unknownId, 0],
      ],
    )
    const doomed = { topics: asked.topics, topicNames: [], timeoutMs: 1000 }
    const { responses } = await client.call('deleteTopics', doomed)
    assert.deepEqual(
      responses.map(({ name, errorCode }) => [name, errorCode]),
      [
        [null, code.topic],
        [null, code.unknownId],
      ],
    )
  })

  it('of a fetch says nothing of where the partition begins and ends', async () => {
    assert.deepEqual(await produce(kafka.all, ['b2']), [code.none])
    const limits = { maxWaitMs: 10_000, minBytes: 1, maxBytes: 1000 }
    const fetch = fetchRequest([fetchFromStart('b2', 1000)], limits)
    const { responses } = await client.call('fetch', fetch, byName.fetch)
    const { errorCode, highWatermark, logStartOffset, records } =
      responses[0]?.partitions[0] ?? assert.fail()
    assert.deepEqual([errorCode, highWatermark, logStartOffset], [code.topic, -1, -1])
    assert.equal(Buffer.concat([records ?? []].flat()).length, 0)
  })

  it('of a produce without acks ends the connection, and nothing is stored', async () => {
    await kafka.grant({ write: '^a' })
    const before = await endOf('b1')
    const partitionData = [{ index: 0, records: batchOfRecords([{}]) }]
    const topicData = [{ name: 'b1', topicId: zeroUuid, partitionData }]
    const request = { transactionalId: null, acks: 0, timeoutMs: 1000, topicData }
    client.send(client.encode('produce', request, byName.produce).bytes)
    await waitFor('the connection ends', () => client.isClosed)
    assert.equal(await endOf('b1'), before)
  })

  it('of a produce comes before that publishers are blocked', async (t) => {
    const { shortage } = kafka.inProcess.broker
    t.after(() => shortage.set('memory', false))
    shortage.set('memory', true)
    await kafka.grant({ write: '^a' })
    const partitionData = [{ index: 0, records: batchOfRecords([{}]) }]
    const topicData = ['b1', 'a1'].map((name) => ({ name, topicId: zeroUuid, partitionData }))
    const request = { transactionalId: null, acks: -1, timeoutMs: 20, topicData }
    const { responses } = await client.call('produce', request, byName.produce)
    const codes = responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode)
    const notEnoughReplicas = 19
    assert.deepEqual(codes, [code.topic, notEnoughReplicas])
  })

  it('of sizes of logs is empty where it can say no more', async () => {
    await kafka.grant({ configure: '.*', write: '.*', read: '.*' })
    const { results } = await client.call('describeLogDirs', { topics: null }, 1)
    assert.deepEqual(results, [])
  })
})

describe('a request about several topics', () => {
  it('is answered for each: produce', async () => {
    await kafka.grant({ write: '^a' })
    const before = await Promise.all(['a1', 'b1', 'a2'].map(endOf))
    const codes = await produce(client, ['a1', 'b1', 'a2'])
    assert.deepEqual(codes, [code.none, code.topic, code.none])
    const ends = await Promise.all(['a1', 'b1', 'a2'].map(endOf))
    const added = ends.map((end, at) => end - (before[at] ?? 0))
    assert.deepEqual(added, [1, 0, 1])
  })

  it('is answered for each: offset commit and delete', async () => {
    await kafka.grant({ configure: '^gc$', read: '^(a.|gc)$' })
    assert.deepEqual(await commit(client, 'gc', 7), [code.none, code.topic, code.none])
    const first = await committed(kafka.all, 'gc')
    assert.deepEqual(first, { a1: [7, code.none], a2: [7, code.none] })
    assert.deepEqual(await commit(kafka.all, 'gc', 8), [0, 0, 0])
    const partitions = [{ partitionIndex: 0 }]
    const doomed = ['b1', 'a1', 'missing'].map((name) => ({ name, partitions }))
    const deleted = await client.call('offsetDelete', { groupId: 'gc', topics: doomed })
    const codes = deleted.topics.map((topic) => topic.partitions[0]?.errorCode)
    assert.deepEqual([deleted.errorCode, ...codes], [code.none, code.topic, code.none, code.topic])
    const left = await committed(kafka.all, 'gc')
    assert.deepEqual(left, { a2: [8, code.none], b1: [8, code.none] })
  })

  it('is not asked of a group that is not the client’s', async () => {
    await kafka.grant({ read: '^a' })
    assert.deepEqual(await commit(client, 'ga', 9), [code.group, code.group, code.group])
    const kept = await committed(kafka.all, 'ga')
    assert.deepEqual(kept, { a1: [1, code.none], b1: [1, code.none], a2: [1, code.none] })
  })
})

describe('a topic that Metadata makes', () => {
  it('is made with the right to configure it only', async () => {
    const made = { allowAutoTopicCreation: true }
    await kafka.grant({ write: '.*', read: '.*' })
    const refused = await metadata(['auto'], made)
    assert.equal(refused.topics[0]?.errorCode, code.topic)
    const missing = await metadata(['auto'])
    assert.equal(missing.topics[0]?.errorCode, code.unknownTopic)
    await kafka.grant({ configure: '^auto$' })
    const created = await metadata(['auto'], made)
    assert.equal(created.topics[0]?.errorCode, code.none)
    await kafka.deleteTopic('auto')
  })
})

describe('settings', () => {
  it('of groups go with rights on the group, those of the broker are the administrators’', async () => {
    const configs = new ConfigCalls(client)
    const errorOf = async (type: number, name: string): Promise<number> =>
      (await configs.describeOne(type, name)).errorCode
    const change = [['consumer.session.timeout.ms', '50000']] as const
    await kafka.grant({ configure: '^gb$', read: '^ga$', write: '.*' })
    assert.deepEqual(
      [await errorOf(configType.group, 'ga'), await errorOf(configType.group, 'gb')],
      [code.none, code.none],
    )
    assert.equal(await errorOf(configType.group, 'gd'), code.group)
    assert.deepEqual(await configs.alter(configType.group, 'ga', change), [
      code.group,
      'Group authorization failed.',
    ])
    assert.deepEqual(await configs.alter(configType.group, 'gb', change), [code.none, null])
    await kafka.grant({ configure: '.*', write: '.*', read: '.*' })
    for (const type of ['broker', 'brokerLogger', 'clientMetrics'] as const) {
      assert.equal(await errorOf(configType[type], '1'), code.cluster)
      const [errorCode] = await configs.alter(configType[type], '1', [['metrics', 'x']])
      assert.equal(errorCode, code.cluster)
    }
  })
})

describe('authorized operations', () => {
  const clusterOperations = async (): Promise<number | undefined> => {
    const cluster = {
      includeClusterAuthorizedOperations: true,
      endpointType: 1,
      includeFencedBrokers: false,
    }
    const { clusterAuthorizedOperations } = await client.call('describeCluster', cluster)
    const { clusterAuthorizedOperations: same } = await client.call(
      'metadata',
      {
        topics: [],
        allowAutoTopicCreation: false,
        includeClusterAuthorizedOperations: true,
        includeTopicAuthorizedOperations: false,
      },
      10,
    )
    assert.equal(clusterAuthorizedOperations, same)
    return same
  }
  const operation = { read: 3, write: 4, create: 5, delete: 6, alter: 7, describe: 8 } as const
  const configs = { describe: 10, alter: 11 } as const
  const bits = (...codes: readonly number[]): number =>
    codes.reduce((sum, at) => sum | (1 << at), 0)

  it('are the rights', async () => {
    const { read, write, describe: see, create, delete: remove, alter } = operation
    const seen = [see, configs.describe]
    const expected = {
      configure: {
        topic: bits(create, remove, alter, configs.alter, ...seen),
        group: bits(remove, configs.alter, ...seen),
      },
      write: { topic: bits(write, ...seen), group: undefined },
      read: { topic: bits(read, ...seen), group: bits(read, ...seen) },
    }
    for (const right of ['configure', 'write', 'read'] as const) {
      await kafka.grant({ [right]: '.' })
      const { topics } = await metadata(['a1'])
      assert.equal(topics[0]?.topicAuthorizedOperations, expected[right].topic, right)
      assert.equal(await clusterOperations(), 0)
      const asked = { groups: ['ga'], includeAuthorizedOperations: true }
      const { groups } = await client.call('describeGroups', asked)
      if (expected[right].group === undefined) assert.equal(groups[0]?.errorCode, code.group)
      else assert.equal(groups[0]?.authorizedOperations, expected[right].group, right)
    }
  })

  it('are all of Kafka’s for administrators', async (t) => {
    t.after(() => kafka.putUser())
    await kafka.putUser(['administrator'])
    const { topics } = await metadata(['a1'])
    assert.equal(topics[0]?.topicAuthorizedOperations, 3576)
    const groups = { groups: ['ga'], includeAuthorizedOperations: true }
    const described = await client.call('describeGroups', groups)
    assert.equal(described.groups[0]?.authorizedOperations, 3400)
    assert.equal(await clusterOperations(), 8096)
  })
})
