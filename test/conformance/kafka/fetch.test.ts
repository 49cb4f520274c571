// What a fetch brings when there is more than one answer holds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FetchResponse, FetchTopic } from '../../../src/codec/kafka/messages/fetch.gen.ts'
import { limits } from '../../../src/limits.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'

const version = 12
const MiB = 1024 * 1024
const topicNames = Array.from({ length: 12 }, (_, index) => `topic-${index}`)

async function fetchAll(
  kafka: KafkaFixture,
  session: { readonly sessionId: number; readonly sessionEpoch: number },
  topics: readonly FetchTopic[],
): Promise<FetchResponse> {
  const request = {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 1000,
    minBytes: 1,
    maxBytes: 100 * MiB,
    isolationLevel: 0,
    rackId: '',
    ...session,
    topics,
    forgottenTopicsData: [],
  }
  return kafka.client.call('fetch', request, version)
}

function fetchFromStart(topic: string): FetchTopic {
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: MiB,
    replicaDirectoryId: '',
    highWatermark: -1,
  }
  return { topic, topicId: '', partitions: [partition] }
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
  it('fills one answer only so far, and gives every partition of a session its turn', async () => {
    await using kafka = await KafkaFixture.start()
    for (const name of topicNames) {
      await kafka.createTopic(name)
      await kafka.produce(name, batchOfRecords([{ value: 'v'.repeat(MiB - 1000) }]))
    }
    const topics = topicNames.map(fetchFromStart)
    const first = await fetchAll(kafka, { sessionId: 0, sessionEpoch: 0 }, topics)
    assert.ok(sizeOf(first) >= limits.fetchAnswerSizeMax - MiB)
    assert.ok(sizeOf(first) <= limits.fetchAnswerSizeMax + MiB)
    const { sessionId = 0 } = first
    const second = await fetchAll(kafka, { sessionId, sessionEpoch: 1 }, [])
    const seen = new Set([...topicsIn(first), ...topicsIn(second)])
    assert.deepEqual([...seen].toSorted(), topicNames.toSorted())
  })
})
