// What sections ask of topics over Kafka's protocol.
import assert from 'node:assert/strict'
import type { PartitionProduceResponse } from '../../src/codec/kafka/messages/produce.gen.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { valuesOf } from '../support/values-of-batches.ts'
import type { FixtureBroker } from './fixture-broker.ts'

/** Of one partition. */
export async function createTopic(
  { raw }: FixtureBroker,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
  const { topics: answers } = await raw.call('createTopics', {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  assert.equal(answers[0]?.errorCode, 0)
}

/** The newest version that names topics. */
const producedByName = 12

export async function produce(
  { raw }: FixtureBroker,
  name: string,
  records: Buffer,
): Promise<PartitionProduceResponse> {
  const topicData = [{ name, topicId: '', partitionData: [{ index: 0, records }] }]
  const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
  const { responses } = await raw.call('produce', request, producedByName)
  return responses[0]?.partitionResponses[0] as PartitionProduceResponse
}

const fetchedByName = 12

/** All values from the first offset on; a fetch brings what lies together. */
export async function fetchValues({ raw }: FixtureBroker, name: string): Promise<string[]> {
  const sizeMax = 1_000_000
  const values: string[] = []
  for (;;) {
    const { partitions, ...rest } = fetchFromStart(name, sizeMax)
    const there = partitions.map((partition) => ({ ...partition, fetchOffset: values.length }))
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: sizeMax }
    const request = fetchRequest([{ ...rest, partitions: there }], limits)
    const { responses } = await raw.call('fetch', request, fetchedByName)
    const { records, highWatermark = -1 } = responses[0]?.partitions[0] ?? {}
    values.push(...valuesOf(Buffer.isBuffer(records) ? records : Buffer.concat(records ?? [])))
    if (values.length >= highWatermark) return values
  }
}

export async function newProducer({ raw }: FixtureBroker): Promise<number> {
  const producer = {
    transactionalId: null,
    transactionTimeoutMs: 0,
    producerId: -1,
    producerEpoch: -1,
  }
  const { errorCode, producerId = -1 } = await raw.call('initProducerId', producer)
  assert.equal(errorCode, 0)
  return producerId
}

/** The newest versions that name topics. */
const committedByName = 9

/** Where a group goes on in partition 0 of `topic`, as `member` says, or as somebody says who is no member. */
export async function commitOffset(
  { raw }: FixtureBroker,
  { groupId, topic, offset, member }: CommittedOffset,
): Promise<void> {
  const partition = { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1 }
  const partitions = [{ ...partition, committedMetadata: null }]
  const request = {
    groupId,
    generationIdOrMemberEpoch: member?.epoch ?? -1,
    memberId: member?.id ?? '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name: topic, topicId: '', partitions }],
  }
  const { topics } = await raw.call('offsetCommit', request, committedByName)
  assert.equal(topics[0]?.partitions[0]?.errorCode, 0)
}

export interface CommittedOffset {
  readonly groupId: string
  readonly topic: string
  readonly offset: number
  readonly member?: { readonly id: string; readonly epoch: number }
}

/** Of a group with one topic, in partition 0; -1 where it has none. */
export async function committedOffset({ raw }: FixtureBroker, groupId: string): Promise<number> {
  const group = { groupId, memberId: null, memberEpoch: -1, topics: null }
  const request = { groupId: '', topics: [], groups: [group], requireStable: false }
  const { groups } = await raw.call('offsetFetch', request, committedByName)
  return groups?.[0]?.topics[0]?.partitions[0]?.committedOffset ?? -1
}
