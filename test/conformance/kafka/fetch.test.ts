// What a fetch brings when there is more than one answer holds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from 'amqplib'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type { FetchResponse, FetchTopic } from '../../../src/codec/kafka/messages/fetch.gen.ts'
import { kafkaLimits } from '../../../src/limits/kafka.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'

const version = 12
const MiB = 1024 * 1024
const topicNames = Array.from({ length: 12 }, (_, index) => `topic-${index}`)

const atOnce = { maxWaitMs: 1000, minBytes: 1 }
const allTopics = {
  topics: null,
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
}
const none = { sessionId: 0, sessionEpoch: -1 }

interface Waiting {
  readonly maxWaitMs: number
  readonly minBytes: number
}

async function fetchAll(
  kafka: Pick<KafkaFixture, 'client'>,
  session: { readonly sessionId: number; readonly sessionEpoch: number },
  topics: readonly FetchTopic[],
  { apiVersion = version, ...waiting }: Waiting & { readonly apiVersion?: number } = atOnce,
): Promise<FetchResponse> {
  const request = fetchRequest(topics, { ...waiting, ...session, maxBytes: 100 * MiB })
  return kafka.client.call('fetch', request, apiVersion)
}

function sizeOf({ responses }: FetchResponse): number {
  let size = 0
  for (const { partitions } of responses) {
    for (const { records } of partitions) size += Buffer.concat([records ?? []].flat()).length
  }
  return size
}

function topicsIn({ responses }: FetchResponse): string[] {
  const isFilled = (topic: FetchResponse['responses'][number]): boolean =>
    topic.partitions.some(({ records }) => Buffer.concat([records ?? []].flat()).length > 0)
  return responses.filter(isFilled).map(({ topic }) => topic ?? '')
}

describe('Fetch', () => {
  it('KIP-951: who knows an old epoch is told leader, epoch and address with the error', async () => {
    await using kafka = await KafkaFixture.start()
    await kafka.createTopic('t')
    const { topics } = await kafka.client.call('metadata', allTopics)
    const leader = topics[0]?.partitions[0]
    assert.ok(leader !== undefined && leader.leaderEpoch! > 0)
    const { topicId = '' } = topics[0]!
    const { partitions } = fetchFromStart('t', MiB)
    const old = [
      { topic: 't', topicId, partitions: [{ ...partitions[0]!, currentLeaderEpoch: 0 }] },
    ]
    const told = async (apiVersion: number): Promise<unknown> => {
      const answer = await fetchAll(kafka, none, old, { ...atOnce, apiVersion })
      const [partition] = answer.responses[0]!.partitions
      const { errorCode, currentLeader } = partition!
      return { errorCode, currentLeader, nodeEndpoints: answer.nodeEndpoints }
    }
    const { code: errorCode } = kafkaErrors.FENCED_LEADER_EPOCH
    const { leaderId, leaderEpoch } = leader
    assert.deepEqual(await told(16), {
      errorCode,
      currentLeader: { leaderId, leaderEpoch },
      nodeEndpoints: [{ nodeId: leaderId, host: '127.0.0.1', port: kafka.kafkaPort, rack: null }],
    })
    const unknown = { leaderId: -1, leaderEpoch: -1 }
    assert.deepEqual(await told(15), { errorCode, currentLeader: unknown, nodeEndpoints: [] })
  })

  it('fills one answer only so far, and gives every partition of a session its turn', async () => {
    await using kafka = await KafkaFixture.start()
    for (const name of topicNames) {
      await kafka.createTopic(name)
      await kafka.produce(name, batchOfRecords([{ value: 'v'.repeat(MiB - 1000) }]))
    }
    const topics = topicNames.map((topic) => fetchFromStart(topic, MiB))
    const first = await fetchAll(kafka, { sessionId: 0, sessionEpoch: 0 }, topics)
    assert.ok(sizeOf(first) >= kafkaLimits.fetchAnswerSizeMax - MiB)
    assert.ok(sizeOf(first) <= kafkaLimits.fetchAnswerSizeMax + MiB)
    const { sessionId = 0 } = first
    const second = await fetchAll(kafka, { sessionId, sessionEpoch: 1 }, [])
    const seen = new Set([...topicsIn(first), ...topicsIn(second)])
    assert.deepEqual([...seen].toSorted(), topicNames.toSorted())
  })

  it('goes beyond its limits with the first batch of an answer, and with no other', async () => {
    await using kafka = await KafkaFixture.start()
    const names = topicNames.slice(0, 3)
    const batch = batchOfRecords([{ value: 'v'.repeat(900 * 1024) }])
    for (const name of names) {
      await kafka.createTopic(name)
      for (let count = 0; count < 3; count++) await kafka.produce(name, batch)
    }
    const batchesOf = async (maxBytes: number, partitionMax: number): Promise<number[]> => {
      const topics = names.map((topic) => fetchFromStart(topic, partitionMax))
      const request = fetchRequest(topics, { ...atOnce, maxBytes })
      const answer = await kafka.client.call('fetch', request, version)
      return names.map((name) => {
        const responses = answer.responses.filter(({ topic }) => topic === name)
        return sizeOf({ ...answer, responses }) / batch.length
      })
    }
    assert.deepEqual(await batchesOf(1_000_000, 20_000_000), [1, 0, 0])
    assert.deepEqual(await batchesOf(2_000_000, 20_000_000), [2, 0, 0])
    assert.deepEqual(await batchesOf(10_000_000, 1000), [1, 0, 0])
    assert.deepEqual(await batchesOf(10_000_000, 1_000_000), [1, 1, 1])
    assert.deepEqual(await batchesOf(1, 1), [1, 0, 0])
  })

  it('does not wait for more bytes than there is room for', async () => {
    await using kafka = await KafkaFixture.start()
    const names = topicNames.slice(0, 2)
    const batch = batchOfRecords([{ value: 'v'.repeat(1000) }])
    for (const name of names) {
      await kafka.createTopic(name)
      await kafka.produce(name, batch)
    }
    const maxBytes = batch.length + 100
    const topics = names.map((topic) => fetchFromStart(topic, maxBytes))
    const rest = { maxWaitMs: 60_000, minBytes: maxBytes, maxBytes }
    const answer = await kafka.client.call('fetch', fetchRequest(topics, rest), version)
    assert.equal(sizeOf(answer), batch.length)
  })

  it('waits for enough bytes over all partitions, whichever get them and in whatever order', async () => {
    await using kafka = await KafkaFixture.start()
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    for (const name of topicNames) await kafka.createTopic(name)
    const batch = batchOfRecords([{ value: 'v'.repeat(1000) }])
    const names = ['topic-7', 'topic-2', 'topic-7', 'topic-11']
    const waiting = { maxWaitMs: 9000, minBytes: names.length * batch.length }
    const startedAt = performance.now()
    const fetching = fetchAll(
      { client },
      none,
      topicNames.map((topic) => fetchFromStart(topic, MiB)),
      waiting,
    )
    for (const name of names) await kafka.produce(name, Buffer.from(batch))
    const answer = await fetching
    assert.ok(performance.now() - startedAt < waiting.maxWaitMs, 'it answered before its time')
    assert.equal(sizeOf(answer), waiting.minBytes)
    assert.deepEqual(topicsIn(answer), ['topic-2', 'topic-7', 'topic-11'])
  })

  for (const { api, version: asked, problem } of [
    { api: 'by name', version: 12, problem: kafkaErrors.UNKNOWN_TOPIC_OR_PARTITION },
    { api: 'by id', version: 16, problem: kafkaErrors.UNKNOWN_TOPIC_ID },
  ]) {
    it(`answers at once, ${api}, when a topic that it waits for is deleted and made again`, async () => {
      await using kafka = await KafkaFixture.start()
      await using client = await KafkaRawClient.connect(kafka.kafkaPort)
      await kafka.createTopic('again')
      const { topics } = await kafka.client.call('metadata', allTopics)
      const waiting = { maxWaitMs: 9000, minBytes: 1 }
      const wanted = [{ ...fetchFromStart('again', MiB), topicId: topics[0]?.topicId ?? '' }]
      const startedAt = performance.now()
      const fetching = fetchAll({ client }, none, wanted, { ...waiting, apiVersion: asked })
      // In one segment: the broker makes the second while the first one's end is still news.
      const gone = { topics: [{ name: 'again', topicId: zeroUuid }], topicNames: ['again'] }
      const deletion = kafka.client.call('deleteTopics', { ...gone, timeoutMs: 1000 })
      const creation = kafka.createTopic('again')
      await Promise.all([deletion, creation])
      const { responses } = await fetching
      assert.ok(performance.now() - startedAt < waiting.maxWaitMs, 'it answered before its time')
      assert.deepEqual(
        responses.map(({ partitions }) => partitions[0]?.errorCode),
        [problem.code],
      )
    })
  }

  it('answers at once when a queue takes the log of the provisional topic that it waits for', async () => {
    await using kafka = await KafkaFixture.start()
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    const topics = [{ name: 'jobs', topicId: zeroUuid }]
    await kafka.client.call('metadata', { ...allTopics, topics, allowAutoTopicCreation: true })
    const waiting = { maxWaitMs: 9000, minBytes: 1 }
    const startedAt = performance.now()
    const fetching = fetchAll({ client }, none, [fetchFromStart('jobs', MiB)], waiting)
    const connection = await connect(kafka.amqpUrl)
    const channel = await connection.createChannel()
    await channel.assertQueue('jobs')
    const { responses } = await fetching
    assert.ok(performance.now() - startedAt < waiting.maxWaitMs, 'it answered before its time')
    assert.equal(responses[0]?.partitions[0]?.errorCode, 0, 'and it goes on where it was')
    await connection.close()
  })

  it('answers at once when a topic goes that it waits for', async () => {
    await using kafka = await KafkaFixture.start()
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    for (const name of topicNames) await kafka.createTopic(name)
    const waiting = { maxWaitMs: 9000, minBytes: 1 }
    const startedAt = performance.now()
    const fetching = fetchAll(
      { client },
      none,
      topicNames.map((topic) => fetchFromStart(topic, MiB)),
      waiting,
    )
    const topics = [{ name: 'topic-3', topicId: zeroUuid }]
    await kafka.client.call('deleteTopics', { topics, topicNames: ['topic-3'], timeoutMs: 1000 })
    const { responses } = await fetching
    assert.ok(performance.now() - startedAt < waiting.maxWaitMs, 'it answered before its time')
    const refused = responses.filter(({ partitions }) => partitions[0]?.errorCode !== 0)
    assert.deepEqual(
      refused.map(({ topic }) => topic),
      ['topic-3'],
    )
  })
})
