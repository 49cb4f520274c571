// What Kafka answers to requests that are well-formed and make no sense.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'

const invalidRequest = 42

let broker: RunningBroker
let client: KafkaRawClient

before(async () => {
  broker = await startBroker({ storage: 'memory', amqpPort: 'off', kafkaPort: 0, httpPort: 'off' })
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
