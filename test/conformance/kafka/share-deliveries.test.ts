// Share groups and the record headers that say when a record is to be delivered, until when, and which goes first.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ApiMessages } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { brokerLimits } from '../../../src/limits/broker.ts'
import { crossingLimits } from '../../../src/limits/crossing.ts'
import { recordLimits } from '../../../src/limits/record.ts'
import { shareLimits } from '../../../src/limits/share.ts'
import type { CompressionName } from '../../../src/record/batch/compression.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture, type TestRecord } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'

const accept = 1
let kafka: KafkaFixture
let topicId = ''

beforeEach(async () => {
  kafka = await KafkaFixture.start()
})
afterEach(() => kafka[Symbol.asyncDispose]())

async function makeTopic(): Promise<void> {
  await kafka.createTopic('t')
  await kafka.createTopic('dlq.t')
  const { topics } = await kafka.client.call('metadata', {
    topics: [{ topicId: zeroUuid, name: 't' }],
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
    includeClusterAuthorizedOperations: false,
  })
  topicId = topics[0]?.topicId ?? ''
}

async function alter(
  resourceType: number,
  resourceName: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const configs = Object.entries(values).map(([name, value]) => {
    return { name, value, configOperation: 0 }
  })
  const { responses } = await kafka.client.call('incrementalAlterConfigs', {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly: false,
  })
  assert.equal(responses[0]?.errorCode, 0, responses[0]?.errorMessage ?? '')
}

async function setGroup(values: Readonly<Record<string, string>> = {}): Promise<void> {
  await alter(32, 'g', {
    'share.assignment.interval.ms': '0',
    'share.auto.offset.reset': 'earliest',
    ...values,
  })
}

async function produce(
  records: readonly TestRecord[],
  compression: CompressionName = 'none',
): Promise<void> {
  const { errorCode } = await kafka.produce('t', batchOfRecords(records, compression))
  assert.equal(errorCode, 0)
}

let epoch = 0
async function joinGroup(): Promise<void> {
  epoch = 0
  const { errorCode, errorMessage } = await kafka.client.call('shareGroupHeartbeat', {
    groupId: 'g',
    memberId: 'm',
    memberEpoch: 0,
    rackId: null,
    subscribedTopicNames: ['t'],
  })
  assert.equal(errorCode, 0, errorMessage ?? '')
}

type Batches = { firstOffset: number; lastOffset: number; acknowledgeTypes: number[] }[]

/** First and last offsets, and delivery counts, of what the member gets. */
async function take(
  request: Partial<ApiMessages['shareFetch']['request']> & { batches?: Batches } = {},
): Promise<number[][]> {
  const { batches: acknowledgementBatches = [], ...rest } = request
  const answer = await kafka.client.call('shareFetch', {
    groupId: 'g',
    memberId: 'm',
    shareSessionEpoch: epoch++,
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    maxRecords: 500,
    batchSize: 500,
    shareAcquireMode: 0,
    isRenewAck: false,
    topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }],
    forgottenTopicsData: [],
    ...rest,
  })
  assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
  const [partition] = answer.responses.flatMap(({ partitions }) => partitions)
  assert.equal(partition?.acknowledgeErrorCode ?? 0, 0)
  return (partition?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => {
    return [firstOffset, lastOffset, deliveryCount]
  })
}

function accepted(firstOffset: number, lastOffset = firstOffset): Batches {
  return [{ firstOffset, lastOffset, acknowledgeTypes: [accept] }]
}

async function startAndLag(): Promise<number[]> {
  const { groups } = await kafka.client.call('describeShareGroupOffsets', {
    groups: [{ groupId: 'g', topics: [{ topicName: 't', partitions: [0] }] }],
  })
  const place = groups[0]?.topics[0]?.partitions[0]
  return [place?.startOffset ?? -2, place?.lag ?? -2]
}

const hourMs = 3_600_000

describe('delay and time to live in a share group', () => {
  beforeEach(async () => {
    await makeTopic()
    await setGroup()
  })

  for (const compression of ['none', 'gzip'] as const) {
    it(`holds a record until its time, while others go on (${compression})`, async () => {
      await joinGroup()
      await produce(
        [{}, { headers: { 'pabal.deliver-after-ms': '1500' } }, {}, { headers: { other: 'x' } }],
        compression,
      )
      assert.deepEqual(await take(), [
        [0, 0, 1],
        [2, 3, 1],
      ])
      assert.deepEqual(await take({ batches: accepted(0) }), [])
      assert.deepEqual(await take({ batches: accepted(2, 3) }), [])
      assert.deepEqual(await startAndLag(), [1, 1])
      // The fetch is under way when the time comes, and no delivery was counted before.
      assert.deepEqual(await take({ maxWaitMs: 20_000 }), [[1, 1, 1]])
      assert.deepEqual(await take({ batches: accepted(1) }), [])
      assert.deepEqual(await startAndLag(), [4, 0])
    })
  }

  it('a held record does not count for the locks, and goes before later ones', async () => {
    await alter(32, 'g', { 'share.partition.max.record.locks': '100' })
    await joinGroup()
    const timestamp = Date.now()
    const later = { timestamp, headers: { 'pabal.deliver-after-ms': '1500' } }
    await produce(Array.from({ length: 300 }, () => later))
    await produce([{}])
    assert.deepEqual(await take(), [[300, 300, 1]])
    let count = 1
    assert.deepEqual((await take({ maxWaitMs: 20_000 }))[0], [0, 98, 1])
    count += 99
    while (count < 301) {
      const first = count - 100
      const last = Math.min(first + 98, 299)
      const batches = accepted(first, last)
      for (const [from, to] of await take({ batches })) count += (to ?? 0) - (from ?? 0) + 1
    }
    assert.equal(count, 301)
  })

  for (const compression of ['none', 'gzip'] as const) {
    it(`holds records of a large batch, part by part (${compression})`, async (t) => {
      const { decodedAtOnceSizeMax } = crossingLimits
      const { shareFactsMax } = shareLimits
      const { checkedAtOnceWorkMax } = recordLimits
      t.after(() => {
        Object.assign(crossingLimits, { decodedAtOnceSizeMax })
        Object.assign(shareLimits, { shareFactsMax })
        Object.assign(recordLimits, { checkedAtOnceWorkMax })
      })
      Object.assign(crossingLimits, { decodedAtOnceSizeMax: 1000 })
      Object.assign(shareLimits, { shareFactsMax: 3 })
      Object.assign(recordLimits, { checkedAtOnceWorkMax: 10 })
      await joinGroup()
      const later = { value: 'x'.repeat(100), headers: { 'pabal.deliver-after-ms': `${hourMs}` } }
      await produce([...Array.from({ length: 20 }, () => later), {}], compression)
      assert.deepEqual(await take({ maxWaitMs: 20_000 }), [[20, 20, 1]])
      assert.deepEqual(await startAndLag(), [0, 21])
    })
  }

  it('gets nothing behind a record for which there is no room, until others have gone', async (t) => {
    const { shareHeldMax } = shareLimits
    t.after(() => Object.assign(shareLimits, { shareHeldMax }))
    Object.assign(shareLimits, { shareHeldMax: 3 })
    await joinGroup()
    const timestamp = Date.now()
    const later = { timestamp, headers: { 'pabal.deliver-after-ms': '1500' } }
    await produce([later, later, later, later, {}])
    assert.deepEqual(await take(), [])
    assert.deepEqual(await take({ maxWaitMs: 20_000 }), [[0, 4, 1]])
  })

  it('is done with held records that are deleted', async () => {
    await joinGroup()
    const later = { headers: { 'pabal.deliver-after-ms': '1500' } }
    await produce([later, later, {}])
    assert.deepEqual(await take(), [[2, 2, 1]])
    await kafka.client.call('deleteRecords', {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1 }] }],
      timeoutMs: 1000,
    })
    assert.deepEqual(await take({ batches: accepted(2), maxWaitMs: 20_000 }), [[1, 1, 1]])
    assert.deepEqual(await startAndLag(), [1, 1])
  })

  it('archives what is too old, and counts the time of a delayed record from its time on', async () => {
    await joinGroup()
    const timestamp = Date.now() - hourMs
    await produce([
      { timestamp, headers: { 'pabal.ttl-ms': '1000' } },
      { timestamp, headers: { 'pabal.ttl-ms': `${2 * hourMs}` } },
      { timestamp, headers: { 'amqp.expiration': '1000' } },
      { timestamp, headers: { 'pabal.deliver-after-ms': `${hourMs}`, 'pabal.ttl-ms': '60000' } },
      { timestamp, headers: { 'pabal.ttl-ms': 'soon' } },
    ])
    assert.deepEqual(await take(), [
      [1, 1, 1],
      [3, 4, 1],
    ])
    assert.deepEqual(await startAndLag(), [1, 3])
  })

  it('puts what is too old among the dead letters, where the group has some', async () => {
    await alter(2, 'dlq.t', { 'errors.deadletterqueue.group.enable': 'true' })
    await alter(32, 'g', {
      'errors.deadletterqueue.topic.name': 'dlq.t',
      'errors.deadletterqueue.copy.record.enable': 'true',
    })
    await joinGroup()
    const timestamp = Date.now() - hourMs
    await produce([{ value: 'old', timestamp, headers: { 'pabal.ttl-ms': '1000' } }, {}])
    assert.deepEqual(await take(), [[1, 1, 1]])
    await waitFor('the dead letter', async () => (await startAndLag())[0] === 1)
    const wanted = { maxWaitMs: 0, minBytes: 0, maxBytes: 100_000 }
    const request = fetchRequest([fetchFromStart('dlq.t', 100_000)], wanted)
    const { responses } = await kafka.client.call('fetch', request, 12)
    const records = responses[0]?.partitions[0]?.records ?? []
    const text = Buffer.concat([records].flat()).toString('latin1')
    assert.match(text, /old/)
    assert.match(text, /time to live of the record was over/)
  })
})

it('messages of AMQP go by their time to live and their priority', async () => {
  await makeTopic()
  await setGroup({ 'pabal.share.max.priority': '5' })
  await joinGroup()
  await using session = await AmqpSession.open(kafka.amqpUrl)
  const channel = await session.confirmChannel()
  const publish = (options: { expiration?: string; priority?: number }): void => {
    channel.sendToQueue('t', Buffer.from('v'), options)
  }
  publish({})
  publish({ expiration: '0' })
  publish({ priority: 3 })
  await channel.waitForConfirms()
  // The last one first; what came before it comes the next time.
  assert.deepEqual(await take({ maxWaitMs: 20_000 }), [[2, 2, 1]])
  assert.deepEqual(await take(), [[0, 0, 1]])
  await take({ batches: accepted(0) })
  assert.deepEqual(await startAndLag(), [2, 1])
})

it('the highest priority of a share group is a number from 0 to 255', async () => {
  for (const value of ['256', '-1', 'high']) {
    const configs = [{ name: 'pabal.share.max.priority', value, configOperation: 0 }]
    const { responses } = await kafka.client.call('incrementalAlterConfigs', {
      resources: [{ resourceType: 32, resourceName: 'g', configs }],
      validateOnly: false,
    })
    assert.equal(responses[0]?.errorCode, 40, value)
  }
})

describe('priorities in a share group', () => {
  const one = { maxRecords: 1, shareAcquireMode: 1 }
  const release = 2
  const of = (...priorities: number[]): TestRecord[] => {
    return priorities.map((priority) => ({ headers: { 'pabal.priority': `${priority}` } }))
  }
  const offsetsOf = async (...asked: Parameters<typeof take>): Promise<number[]> => {
    const ranges = await take(...asked)
    return ranges.flatMap(([first = 0, last = 0]) => {
      return Array.from({ length: last - first + 1 }, (_, at) => first + at)
    })
  }

  beforeEach(makeTopic)

  it('are ignored unless the group has them', async () => {
    await setGroup()
    await joinGroup()
    await produce(of(0, 9))
    assert.deepEqual(await offsetsOf(one), [0])
  })

  it('say which record goes first, of several batches, and after a return', async () => {
    await setGroup({ 'pabal.share.max.priority': '5' })
    await joinGroup()
    await produce(of(0, 3, 0))
    await produce(of(9, 3), 'gzip')
    await produce([{ headers: { 'amqp.priority': '5' } }, {}])
    const order: number[] = []
    for (let count = 0; count < 7; count++) order.push(...(await offsetsOf(one)))
    assert.deepEqual(order, [3, 5, 1, 4, 0, 2, 6])
    const batches = [1, 2, 4].map((offset) => {
      return { firstOffset: offset, lastOffset: offset, acknowledgeTypes: [release] }
    })
    await take({ maxRecords: 0, batches })
    await produce(of(3))
    // What came back is as high as it was.
    order.length = 0
    for (let count = 0; count < 4; count++) order.push(...(await offsetsOf(one)))
    assert.deepEqual(order, [1, 4, 7, 2])
    await take({ batches: accepted(0, 7) })
    assert.deepEqual(await startAndLag(), [8, 0])
  })

  it('are those of many records at a time', async () => {
    await setGroup({ 'pabal.share.max.priority': '5' })
    await joinGroup()
    await produce(of(1, 2, 1, 2, 1))
    assert.deepEqual(await offsetsOf({ maxRecords: 3 }), [1, 3])
    assert.deepEqual(await offsetsOf({ maxRecords: 2 }), [0, 2])
    assert.deepEqual(await offsetsOf({ maxRecords: 9 }), [4])
  })

  it('act on a thousand records ahead', async (t) => {
    const { priorityAheadMax } = brokerLimits
    t.after(() => Object.assign(brokerLimits, { priorityAheadMax }))
    Object.assign(brokerLimits, { priorityAheadMax: 10 })
    await setGroup({ 'pabal.share.max.priority': '5' })
    await joinGroup()
    await produce(of(...Array.from({ length: 12 }, () => 0), 5))
    assert.deepEqual(await offsetsOf(one), [0])
    assert.deepEqual(await offsetsOf(one), [1])
    assert.deepEqual(await offsetsOf(one), [2])
    assert.deepEqual(await offsetsOf(one), [12])
  })

  it('go with delays', async () => {
    await setGroup({ 'pabal.share.max.priority': '5' })
    await joinGroup()
    await produce([
      {},
      { headers: { 'pabal.deliver-after-ms': '1500', 'pabal.priority': '2' } },
      { timestamp: Date.now() - hourMs, headers: { 'pabal.ttl-ms': '1', 'pabal.priority': '5' } },
      {},
    ])
    assert.deepEqual(await offsetsOf(one), [0])
    await waitFor('the delayed record', async () => (await offsetsOf(one))[0] === 1)
  })
})

it('held records, and where to look for them, outlive the broker', async () => {
  const data = mkdtempSync(join(tmpdir(), 'pabal-share-'))
  try {
    await kafka[Symbol.asyncDispose]()
    kafka = await KafkaFixture.start({ storage: 'file', data })
    await makeTopic()
    await setGroup()
    await joinGroup()
    await produce([{ headers: { 'pabal.deliver-at': `${Date.now() + hourMs}` } }, {}])
    assert.deepEqual(await take(), [[1, 1, 1]])
    await take({ batches: accepted(1) })
    await kafka[Symbol.asyncDispose]()
    kafka = await KafkaFixture.start({ storage: 'file', data })
    await joinGroup()
    assert.deepEqual(await take(), [])
    assert.deepEqual(await startAndLag(), [0, 1])
  } finally {
    await kafka[Symbol.asyncDispose]()
    kafka = await KafkaFixture.start()
    rmSync(data, { recursive: true })
  }
})
