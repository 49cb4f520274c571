// What members of a share group get of transactions, by the group's isolation (KIP-932, share.isolation.level).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

/** Two aborted records, a marker, one that counts. */
async function produce(kafkaPort: number): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${kafkaPort}`], logLevel: logLevel.NOTHING })
  const options = { transactionalId: 'writer', idempotent: true, maxInFlightRequests: 1 }
  const producer = kafka.producer(options)
  await producer.connect()
  try {
    const aborted = await producer.transaction()
    await aborted.send({ topic: 't', messages: [{ value: 'never' }, { value: 'either' }] })
    await aborted.abort()
    const committed = await producer.transaction()
    await committed.send({ topic: 't', messages: [{ value: 'counts' }] })
    await committed.commit()
  } finally {
    await producer.disconnect()
  }
}

/** Offsets that a member of a new group gets, first and last of each range. */
async function taken(kafka: KafkaFixture, isolation: string): Promise<number[][]> {
  const configs = { 'share.isolation.level': isolation, 'share.assignment.interval.ms': '0' }
  const { responses } = await kafka.client.call('incrementalAlterConfigs', {
    resources: [
      {
        resourceType: 32,
        resourceName: 'g',
        configs: Object.entries(configs).map(([name, value]) => {
          return { name, value, configOperation: 0 }
        }),
      },
    ],
    validateOnly: false,
  })
  assert.equal(responses[0]?.errorCode, 0, responses[0]?.errorMessage ?? '')
  const { topics } = await kafka.client.call('metadata', {
    topics: [{ topicId: zeroUuid, name: 't' }],
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
    includeClusterAuthorizedOperations: false,
  })
  const topicId = topics[0]?.topicId ?? ''
  const joined = await kafka.client.call('shareGroupHeartbeat', {
    groupId: 'g',
    memberId: 'm',
    memberEpoch: 0,
    rackId: null,
    subscribedTopicNames: ['t'],
  })
  assert.deepEqual(joined.assignment?.topicPartitions, [{ topicId, partitions: [0] }])
  let shareSessionEpoch = 0
  const fetch = async (): Promise<number[][]> => {
    const { responses: found } = await kafka.client.call('shareFetch', {
      groupId: 'g',
      memberId: 'm',
      shareSessionEpoch: shareSessionEpoch++,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 500,
      batchSize: 500,
      shareAcquireMode: 0,
      isRenewAck: false,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
      forgottenTopicsData: [],
    })
    const acquired = found.flatMap(({ partitions }) => partitions[0]?.acquiredRecords ?? [])
    return acquired.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])
  }
  // The place begins at the end of what is there now.
  assert.deepEqual(await fetch(), [])
  await produce(kafka.kafkaPort)
  return [...(await fetch()), ...(await fetch())]
}

const cases = [
  ['read_uncommitted', [0, 1, 3]],
  ['read_committed', [3]],
] as const

for (const [isolation, wanted] of cases) {
  test(`${isolation}: ${wanted.join(', ')}`, async () => {
    await using kafka = await KafkaFixture.start()
    await kafka.createTopic('t')
    const ranges = await taken(kafka, isolation)
    const offsets = ranges.flatMap(([first = 0, last = 0]) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    )
    assert.deepEqual(offsets, wanted)
  })
}
