// Requests about clusters, replicas, access and quotas, to a broker that is alone, by its administrator: codes
// and texts are those of Kafka 4.x without an authorizer.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

const code = {
  none: 0,
  unknownTopic: 3,
  unsupportedVersion: 35,
  invalidReplicaAssignment: 39,
  invalidRequest: 42,
  logDirNotFound: 57,
  electionNotNeeded: 84,
  noReassignment: 85,
  resourceNotFound: 91,
  duplicateResource: 92,
  brokerNotRegistered: 102,
} as const

let kafka: KafkaFixture

before(async () => {
  kafka = await KafkaFixture.start()
  await kafka.createTopic('t')
})
after(() => kafka[Symbol.asyncDispose]())

describe('ElectLeaders', () => {
  it('finds every leader in place', async () => {
    const topicPartitions = [
      { topic: 't', partitions: [0, 1] },
      { topic: 'absent', partitions: [0] },
    ]
    for (const electionType of [0, 1]) {
      const asked = { electionType, topicPartitions, timeoutMs: 1000 }
      const { errorCode, replicaElectionResults } = await kafka.client.call('electLeaders', asked)
      assert.equal(errorCode, code.none)
      assert.deepEqual(replicaElectionResults, [
        {
          topic: 't',
          partitionResult: [
            {
              partitionId: 0,
              errorCode: code.electionNotNeeded,
              errorMessage: 'Leader election not needed for topic partition.',
            },
            {
              partitionId: 1,
              errorCode: code.unknownTopic,
              errorMessage: 'No such partition as t-1',
            },
          ],
        },
        {
          topic: 'absent',
          partitionResult: [
            {
              partitionId: 0,
              errorCode: code.unknownTopic,
              errorMessage: 'No such topic as absent',
            },
          ],
        },
      ])
    }
    const all = { electionType: 0, topicPartitions: null, timeoutMs: 1000 }
    const answer = await kafka.client.call('electLeaders', all)
    assert.deepEqual([answer.errorCode, answer.replicaElectionResults], [code.none, []])
    const odd = await kafka.client.call('electLeaders', { ...all, electionType: 7 })
    assert.equal(odd.errorCode, code.invalidRequest)
  })
})

describe('endpoints', () => {
  it('are those of a broker: who wants a controller is told so', async () => {
    const ask = async (endpointType: number, version?: number) => {
      const { errorCode, errorMessage, brokers } = await kafka.client.call(
        'describeCluster',
        {
          includeClusterAuthorizedOperations: false,
          endpointType,
          includeFencedBrokers: false,
        },
        version,
      )
      return [errorCode, errorMessage, brokers.length]
    }
    assert.deepEqual(await ask(1, 0), [0, null, 1])
    assert.deepEqual(await ask(1), [0, null, 1])
    const mismatch =
      'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
    assert.deepEqual(await ask(2), [114, mismatch, 0])
    assert.deepEqual(await ask(3), [115, 'Unsupported endpoint type 3', 0])
  })
})

describe('reassignments', () => {
  it('are done when they ask for what is, and refused otherwise', async () => {
    const partition = (partitionIndex: number, replicas: number[] | null) => ({
      partitionIndex,
      replicas,
    })
    const { responses } = await kafka.client.call('alterPartitionReassignments', {
      timeoutMs: 1000,
      allowReplicationFactorChange: true,
      topics: [
        { name: 't', partitions: [partition(0, [1]), partition(1, [1])] },
        { name: 't', partitions: [partition(0, [1, 2]), partition(0, null)] },
        { name: 'absent', partitions: [partition(0, [1])] },
      ],
    })
    assert.deepEqual(
      responses.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
      [
        [code.none, code.unknownTopic],
        [code.invalidReplicaAssignment, code.noReassignment],
        [code.unknownTopic],
      ],
    )
    const listed = await kafka.client.call('listPartitionReassignments', {
      timeoutMs: 1000,
      topics: null,
    })
    assert.deepEqual([listed.errorCode, listed.topics], [code.none, []])
  })

  it('know one folder', async () => {
    const topics = [{ name: 't', partitions: [0, 9] }]
    const { results } = await kafka.client.call('alterReplicaLogDirs', {
      dirs: [
        { path: 'data', topics },
        { path: '/elsewhere', topics },
      ],
    })
    assert.deepEqual(
      results.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
      [
        [code.none, code.unknownTopic],
        [code.logDirNotFound, code.logDirNotFound],
      ],
    )
  })
})

describe('the quorum', () => {
  it('is the broker itself', async () => {
    const ask = (topicName: string) => ({
      topics: [{ topicName, partitions: [{ partitionIndex: 0 }] }],
    })
    const { topics, nodes } = await kafka.client.call('describeQuorum', ask('__cluster_metadata'))
    const [partition] = topics[0]?.partitions ?? []
    assert.deepEqual([partition?.errorCode, partition?.leaderId], [code.none, 1])
    assert.deepEqual(
      partition?.currentVoters.map(({ replicaId }) => replicaId),
      [1],
    )
    assert.ok((partition?.highWatermark ?? 0) > 0, 'a topic was made')
    assert.deepEqual(nodes, [
      { nodeId: 1, listeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: kafka.kafkaPort }] },
    ])
    const other = await kafka.client.call('describeQuorum', ask('t'))
    assert.equal(other.topics[0]?.partitions[0]?.errorCode, code.unknownTopic)
  })

  it('is told to older clients without its addresses', async () => {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
    for (const version of [0, 1, 2]) {
      const answer = await kafka.client.call('describeQuorum', { topics }, version)
      assert.equal(answer.topics[0]?.partitions[0]?.leaderId, 1)
    }
  })

  it('cannot lose the broker, and has no other', async () => {
    const unregister = async (brokerId: number): Promise<number> =>
      (await kafka.client.call('unregisterBroker', { brokerId })).errorCode
    assert.deepEqual(
      [await unregister(1), await unregister(2)],
      [code.invalidRequest, code.brokerNotRegistered],
    )
  })
})

describe('ListConfigResources', () => {
  it('lists what has settings, by its kind', async () => {
    const calls = new ConfigCalls(kafka.client)
    await calls.alter(configType.group, 'g', [['consumer.session.timeout.ms', '46000']])
    await calls.alter(configType.clientMetrics, 'm', [['metrics', 'a']])
    const list = async (resourceTypes: number[], version = 1): Promise<string[]> => {
      const answer = await kafka.client.call('listConfigResources', { resourceTypes }, version)
      if (answer.errorCode !== code.none) return [`${answer.errorCode}`]
      return answer.configResources.map(({ resourceName, resourceType }) =>
        `${resourceName} ${resourceType ?? ''}`.trim(),
      )
    }
    const all = await list([])
    assert.deepEqual(all.toSorted(), ['1 4', '1 8', 'g 32', 'm 16', 't 2'])
    assert.deepEqual(await list([configType.group, configType.topic]), ['g 32', 't 2'])
    assert.deepEqual(await list([99]), [`${code.unsupportedVersion}`])
    assert.deepEqual(await list([], 0), ['m 16'], 'version 0 knows one kind')
  })
})

describe('access', () => {
  it('refuses filters for quotas that cannot be', async () => {
    const component = { entityType: 'user', matchType: 2, match: null }
    const wrong = [
      [{ ...component, entityType: 'planet' }, code.unsupportedVersion],
      [{ ...component, entityType: '' }, code.invalidRequest],
      [{ ...component, matchType: 0 }, code.invalidRequest],
      [{ ...component, match: 'x' }, code.invalidRequest],
      [{ ...component, matchType: 9 }, code.invalidRequest],
    ] as const
    for (const [odd, expected] of wrong) {
      const request = { components: [odd], strict: false }
      assert.equal((await kafka.client.call('describeClientQuotas', request)).errorCode, expected)
    }
  })
})
