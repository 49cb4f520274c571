// Settings of a broker that Kafka's users know by Kafka's names: what they do, and how they are shown.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type { JoinGroupResponse } from '../../../src/codec/kafka/messages/join-group.gen.ts'
import type { MetadataResponse } from '../../../src/codec/kafka/messages/metadata.gen.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'

const code = { unknownTopic: 3, invalidSessionTimeout: 26, groupMaxSize: 81 } as const
const type = { broker: 4 } as const
const source = { static: 4, default: 5 } as const

let kafka: KafkaFixture

before(async () => {
  kafka = await KafkaFixture.start({
    kafkaNodeId: 7,
    kafkaNumPartitions: 3,
    kafkaGroupInitialRebalanceDelayMs: 0,
    kafkaGroupMinSessionTimeoutMs: 100,
    kafkaGroupMaxSessionTimeoutMs: 5000,
    kafkaGroupMaxSize: 2,
  })
})
after(() => kafka[Symbol.asyncDispose]())

function metadata(fixture: KafkaFixture, name: string): Promise<MetadataResponse> {
  return fixture.client.call('metadata', {
    topics: [{ name, topicId: zeroUuid }],
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
}

function join(
  client: KafkaRawClient,
  groupId: string,
  sessionTimeoutMs: number,
): Promise<JoinGroupResponse> {
  const request = {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: 1000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    reason: null,
  }
  return client.call('joinGroup', request, 3)
}

/** value@source, with a star where it cannot be changed. */
async function described(
  fixture: KafkaFixture,
  name: string,
  nodeId: number,
): Promise<string | undefined> {
  const { results } = await fixture.client.call('describeConfigs', {
    resources: [
      { resourceType: type.broker, resourceName: `${nodeId}`, configurationKeys: [name] },
    ],
    includeSynonyms: false,
    includeDocumentation: false,
  })
  const row = results[0]?.configs[0]
  return row && `${row.value}@${row.configSource}${row.readOnly ? '*' : ''}`
}

describe('node.id', () => {
  it('is what clients know the broker by', async () => {
    const { brokers, controllerId, topics } = await metadata(kafka, 'by-node')
    assert.deepEqual([brokers[0]?.nodeId, controllerId], [7, 7])
    const { leaderId, replicaNodes, isrNodes } = topics[0]?.partitions[0] ?? {}
    assert.deepEqual([leaderId, replicaNodes, isrNodes], [7, [7], [7]])
    const keys = { key: 'group', keyType: 0, coordinatorKeys: [] }
    assert.equal((await kafka.client.call('findCoordinator', keys, 3)).nodeId, 7)
    const cluster = await kafka.client.call('describeCluster', {
      includeClusterAuthorizedOperations: false,
      endpointType: 1,
      includeFencedBrokers: false,
    })
    assert.deepEqual([cluster.controllerId, cluster.brokers[0]?.brokerId], [7, 7])
    assert.equal(await described(kafka, 'node.id', 7), `7@${source.static}*`)
    assert.equal(await described(kafka, 'broker.id', 7), `7@${source.static}*`)
  })

  it('is the one that replicas can be assigned to', async () => {
    const create = async (broker: number): Promise<number | undefined> => {
      const { topics } = await kafka.client.call('createTopics', {
        topics: [
          {
            name: `assigned-to-${broker}`,
            numPartitions: -1,
            replicationFactor: -1,
            assignments: [{ partitionIndex: 0, brokerIds: [broker] }],
            configs: [],
          },
        ],
        timeoutMs: 1000,
        validateOnly: false,
      })
      return topics[0]?.errorCode
    }
    assert.deepEqual([await create(7), await create(1)], [0, 39])
  })
})

describe('num.partitions', () => {
  it('is how many a topic has for which nobody says it', async () => {
    assert.equal((await metadata(kafka, 'asked-for')).topics[0]?.partitions.length, 3)
    const { topics } = await kafka.client.call('createTopics', {
      topics: [
        {
          name: 'declared',
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [],
          configs: [],
        },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    })
    assert.equal(topics[0]?.numPartitions, 3)
    assert.equal(await described(kafka, 'num.partitions', 7), `3@${source.static}*`)
  })
})

describe('auto.create.topics.enable', () => {
  it('keeps topics from being made by asking for them', async () => {
    await using strict = await KafkaFixture.start({ kafkaAutoCreateTopicsEnable: false })
    assert.equal((await metadata(strict, 'missing')).topics[0]?.errorCode, code.unknownTopic)
    assert.equal(await described(strict, 'auto.create.topics.enable', 1), `false@${source.static}*`)
    assert.equal(await described(kafka, 'auto.create.topics.enable', 7), `true@${source.default}*`)
    assert.equal(await described(strict, 'num.partitions', 1), `1@${source.default}*`)
  })
})

describe('settings of groups', () => {
  it('bound the session timeout of a member', async () => {
    for (const [timeoutMs, expected] of [
      [99, code.invalidSessionTimeout],
      [5001, code.invalidSessionTimeout],
      [100, 0],
    ] as const) {
      const { errorCode } = await join(kafka.client, `session-${timeoutMs}`, timeoutMs)
      assert.equal(errorCode, expected)
    }
    const shown = await Promise.all(
      ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'].map((name) =>
        described(kafka, name, 7),
      ),
    )
    assert.deepEqual(shown, [`100@${source.static}*`, `5000@${source.static}*`])
  })

  it('bound how many members a group has', async () => {
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => KafkaRawClient.connect(kafka.kafkaPort)),
    )
    const [first, ...others] = clients as [KafkaRawClient, ...KafkaRawClient[]]
    assert.equal((await join(first, 'small', 5000)).errorCode, 0)
    // While a rebalance gathers its members, two of those that come are in.
    const joins = others.map((client) => join(client, 'small', 5000).catch(() => undefined))
    assert.equal((await Promise.race(joins))?.errorCode, code.groupMaxSize)
    assert.equal(await described(kafka, 'group.max.size', 7), `2@${source.static}*`)
    for (const client of clients) client.destroy()
    await Promise.all(joins)
  })

  it('say how long the first rebalance of a group waits', async () => {
    const startedAt = performance.now()
    assert.equal((await join(kafka.client, 'at-once', 5000)).errorCode, 0)
    const tookMs = performance.now() - startedAt
    assert.equal(await described(kafka, 'group.initial.rebalance.delay.ms', 7), `0@4*`)
    await using slow = await KafkaFixture.start({ kafkaGroupInitialRebalanceDelayMs: 2000 })
    const slowAt = performance.now()
    assert.equal((await join(slow.client, 'waits', 6000)).errorCode, 0)
    assert.ok(performance.now() - slowAt >= 1990)
    assert.ok(tookMs < 1990)
  })
})
