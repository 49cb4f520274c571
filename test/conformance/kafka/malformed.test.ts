// What Kafka answers to requests that are well-formed and make no sense.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'

const invalidRequest = 42

let broker: RunningBroker
let client: KafkaRawClient

before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 'off',
    kafkaPort: 0,
    httpPort: 'off',
  })
  client = await KafkaRawClient.connect(broker.addresses['kafka']?.port ?? 0)
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await broker.close()
})

describe('Metadata', () => {
  it('refuses topic ids and missing names in versions that have none', async () => {
    const topicId = Buffer.alloc(16, 7).toString('base64url')
    for (const topic of [
      { name: null, topicId: zeroUuid },
      { name: null, topicId },
      { name: 'some', topicId },
    ]) {
      const request = {
        topics: [topic, { name: 'other', topicId: zeroUuid }],
        allowAutoTopicCreation: true,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      }
      const { topics } = await client.call('metadata', request, 11)
      assert.deepEqual(
        topics.map(({ name, errorCode }) => [name, errorCode]),
        [
          [topic.name ?? '', invalidRequest],
          ['other', invalidRequest],
        ],
      )
    }
    const { topics } = await client.call('metadata', {
      topics: null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    assert.deepEqual(topics, [], 'nothing was made')
  })
})

describe('what tools ask about the cluster', () => {
  it('tells them the version of Kafka and what they may do', async () => {
    await client.call('metadata', {
      topics: [{ name: 'asked', topicId: zeroUuid }],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
    const { finalizedFeatures } = await client.call('apiVersions', software)
    const levels = finalizedFeatures?.map(({ name, maxVersionLevel }) => [name, maxVersionLevel])
    assert.deepEqual(Object.fromEntries(levels ?? []), {
      'metadata.version': 30,
      'group.version': 1,
      'share.version': 1,
      'transaction.version': 2,
    })
    const cluster = await client.call('describeCluster', {
      includeClusterAuthorizedOperations: true,
      endpointType: 1,
      includeFencedBrokers: false,
    })
    assert.equal(cluster.clusterAuthorizedOperations, 8096)
    const { topics } = await client.call('metadata', {
      topics: [{ name: 'asked', topicId: zeroUuid }],
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: true,
    })
    assert.equal(topics[0]?.topicAuthorizedOperations, 3576)
  })

  it('finds the coordinator of each transactional id, and of share groups with a right key', async () => {
    const { coordinators } = await client.call('findCoordinator', {
      key: '',
      keyType: 1,
      coordinatorKeys: ['tx'],
    })
    assert.equal(coordinators?.[0]?.errorCode, 0)
    const shares = { key: '', keyType: 2, coordinatorKeys: ['share'] }
    const answer = await client.call('findCoordinator', shares)
    assert.equal(answer.coordinators?.[0]?.errorCode, invalidRequest)
  })
})
