// Kafka's client quotas: set and shown by requests (KIP-546), and enforced by answers that say how long to wait,
// on connections that are muted until then (KIP-219).
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import type { ProduceResponse } from '../../../src/codec/kafka/messages/produce.gen.ts'
import { quotaLimits } from '../../../src/limits/quota.ts'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'

type Parts = Readonly<Record<string, string | null>>

/** What a full bucket holds, in seconds' worth. */
const burst = quotaLimits.quotaBurstMs / 1000
const throttlingQuotaExceeded = 89

let fixture: KafkaFixture

before(async () => {
  fixture = await KafkaFixture.start()
  await fixture.createTopic('t')
})
after(() => fixture[Symbol.asyncDispose]())
afterEach(async () => {
  await using client = await newClient()
  for (const { entity, values } of await describeQuotas([], client)) {
    const gone = Object.fromEntries(Object.keys(values).map((key) => [key, null]))
    await alter(entity, gone, { client })
  }
})

function newClient(): Promise<KafkaRawClient> {
  return KafkaRawClient.connect(fixture.kafkaPort)
}

/** Returns error code and text of the one entity. */
async function alter(
  entity: Parts,
  values: Readonly<Record<string, number | null>>,
  {
    client = fixture.client,
    validateOnly = false,
  }: { readonly client?: KafkaRawClient; readonly validateOnly?: boolean } = {},
): Promise<readonly [number | undefined, string | null | undefined]> {
  const parts = Object.entries(entity).map(([entityType, entityName]) => {
    return { entityType, entityName }
  })
  const ops = Object.entries(values).map(([key, value]) => {
    return { key, value: value ?? 0, remove: value === null }
  })
  const entries = [{ entity: parts, ops }]
  const answer = await client.call('alterClientQuotas', { entries, validateOnly })
  return [answer.entries[0]?.errorCode, answer.entries[0]?.errorMessage]
}

interface Described {
  readonly entity: Parts
  readonly values: Readonly<Record<string, number>>
}

/** `[type, match]`: a name, null for the default, undefined for all that have one. */
async function describeQuotas(
  filter: readonly (readonly [type: string, match: string | null | undefined])[],
  client: KafkaRawClient = fixture.client,
  strict = false,
): Promise<Described[]> {
  const components = filter.map(([entityType, match]) => {
    const type = match === undefined ? 2 : match === null ? 1 : 0
    return { entityType, matchType: type, match: match ?? null }
  })
  const { errorCode, entries } = await client.call('describeClientQuotas', { components, strict })
  assert.equal(errorCode, 0)
  return (entries ?? []).map(({ entity, values }) => ({
    entity: Object.fromEntries(entity.map((part) => [part.entityType, part.entityName])),
    values: Object.fromEntries(values.map(({ key, value }) => [key, value])),
  }))
}

function produce(client: KafkaRawClient, size: number): Promise<ProduceResponse> {
  const records = batchOfRecords([{ value: 'v'.repeat(size) }])
  const topicData = [{ name: 't', topicId: '', partitionData: [{ index: 0, records }] }]
  return client.call('produce', { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }, 12)
}

async function createTopic(
  name: string,
  numPartitions: number,
  version?: number,
): Promise<readonly [code: number | undefined, throttleTimeMs: number | undefined]> {
  await using client = await newClient()
  const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
  const asked = { topics: [topic], timeoutMs: 1000, validateOnly: false }
  const { topics, throttleTimeMs } = await client.call('createTopics', asked, version)
  return [topics[0]?.errorCode, throttleTimeMs]
}

describe('quotas are set and shown', () => {
  it('by all that an entity may be, and by filters of each kind', async () => {
    const rate = { producer_byte_rate: 1e6 }
    const pair = { user: 'guest', 'client-id': 'a' }
    const all: Parts[] = [pair, { user: 'guest' }, { user: null }, { 'client-id': 'a' }]
    for (const entity of all) assert.deepEqual(await alter(entity, rate), [0, null])
    const address = { connection_creation_rate: 100 }
    assert.deepEqual(await alter({ ip: '0:0:0:0:0:0:0:1' }, address), [0, null])
    const entities = async (...args: Parameters<typeof describeQuotas>): Promise<Parts[]> =>
      (await describeQuotas(...args)).map(({ entity }) => entity)
    assert.deepEqual(await entities([]), [...all, { ip: '::1' }])
    assert.deepEqual(await entities([['user', 'guest']]), [pair, { user: 'guest' }])
    assert.deepEqual(await entities([['user', 'guest']], fixture.client, true), [{ user: 'guest' }])
    assert.deepEqual(await entities([['user', null]]), [{ user: null }])
    assert.deepEqual(await entities([['user', undefined]]), [
      pair,
      { user: 'guest' },
      { user: null },
    ])
    assert.deepEqual(await describeQuotas([['ip', '::1']]), [
      { entity: { ip: '::1' }, values: address },
    ])
  })

  it('a value replaces one, takes one back, and is only looked at in a dry run', async () => {
    const user = { user: 'guest' }
    await alter(user, { producer_byte_rate: 5e6, request_percentage: 12.5 })
    await alter(user, { producer_byte_rate: 6e6 }, { validateOnly: true })
    await alter(user, { producer_byte_rate: null, consumer_byte_rate: 7e6 })
    const values = { request_percentage: 12.5, consumer_byte_rate: 7e6 }
    assert.deepEqual(await describeQuotas([['user', 'guest']]), [{ entity: user, values }])
  })

  it('they outlive the broker', async () => {
    const data = mkdtempSync(join(tmpdir(), 'pabal-quotas-'))
    try {
      const pair = { user: 'a', 'client-id': null }
      const values = { request_percentage: 0.5 }
      for (const isFirst of [true, false]) {
        await using kafka = await KafkaFixture.start({ storage: 'file', data })
        const { client } = kafka
        if (isFirst) assert.deepEqual(await alter(pair, values, { client }), [0, null])
        assert.deepEqual(await describeQuotas([], client), [{ entity: pair, values }])
      }
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  })

  it('what Kafka refuses is refused in its words', async () => {
    const cases: readonly (readonly [Parts, Record<string, number>, string])[] = [
      [{}, { producer_byte_rate: 1 }, 'Invalid empty client quota entity'],
      [{ user: '' }, { producer_byte_rate: 1 }, 'Empty user not supported'],
      [{ tenant: 'a' }, { producer_byte_rate: 1 }, 'Unhandled client quota entity type: tenant'],
      [
        { ip: '1.2.3.4', user: 'a' },
        { connection_creation_rate: 1 },
        'Invalid quota entity combination, IP entity should not be combined with User or ClientId',
      ],
      [
        { ip: 'no-address' },
        { connection_creation_rate: 1 },
        'no-address is not a valid IP or resolvable host.',
      ],
      [
        { user: 'a' },
        { connection_creation_rate: 1 },
        'Invalid configuration key connection_creation_rate',
      ],
      [
        { ip: '1.2.3.4' },
        { producer_byte_rate: 1 },
        'Invalid configuration key producer_byte_rate',
      ],
      [{ user: 'a' }, { producer_byte_rate: 0 }, 'Quota producer_byte_rate must be greater than 0'],
      [
        { user: 'a' },
        { producer_byte_rate: 1.5 },
        'producer_byte_rate cannot be a fractional value.',
      ],
    ]
    for (const [entity, values, text] of cases)
      assert.deepEqual(await alter(entity, values), [42, text])
    assert.deepEqual(await describeQuotas([]), [])
  })
})

describe('quotas are enforced', () => {
  it('a producer is answered at once, told how long to wait, and muted until then', async () => {
    await alter({ user: null }, { producer_byte_rate: 80_000 })
    await using client = await newClient()
    const size = 80_000 * burst + 48_000
    const startedAt = performance.now()
    const { throttleTimeMs = 0, responses } = await produce(client, size)
    assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 0)
    assert.ok(throttleTimeMs > 100 && throttleTimeMs <= 610, String(throttleTimeMs))
    const toldAt = performance.now()
    assert.ok(toldAt - startedAt < 550, 'the answer does not wait')
    const none = { topics: [], allowAutoTopicCreation: false }
    const no = {
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    await client.call('metadata', { ...none, ...no })
    const ms = performance.now() - toldAt
    assert.ok(ms > throttleTimeMs - 20, `the connection is muted, and not for ${ms} ms`)
  })

  it('what was set for user and client id counts before what was set for less', async () => {
    await alter({ 'client-id': 'raw' }, { producer_byte_rate: 1 })
    await alter({ user: null }, { producer_byte_rate: 1e9 })
    await using client = await newClient()
    assert.equal((await produce(client, 1000)).throttleTimeMs, 0)
  })

  it('a quota that is taken back ends the wait', async () => {
    await alter({ 'client-id': 'raw' }, { producer_byte_rate: 1 })
    await using client = await newClient()
    const { throttleTimeMs = 0 } = await produce(client, 1000)
    assert.ok(throttleTimeMs > 900_000, String(throttleTimeMs))
    const next = produce(client, 1000)
    await alter({ 'client-id': 'raw' }, { producer_byte_rate: null })
    assert.equal((await next).throttleTimeMs, 0)
  })

  it('a consumer that has used up its quota gets no records before it has waited', async () => {
    await fixture.createTopic('read')
    await fixture.produce('read', batchOfRecords([{ value: 'v'.repeat(150_000) }]))
    await alter({ 'client-id': 'raw' }, { consumer_byte_rate: 10_000 })
    await using client = await newClient()
    const topics = [fetchFromStart('read', 1)]
    const asked = fetchRequest(topics, { maxWaitMs: 1000, minBytes: 1, maxBytes: 10_000_000 })
    const first = await client.call('fetch', asked, 12)
    const { throttleTimeMs } = first
    assert.ok(first.responses.length > 0 && throttleTimeMs > 0, 'the first is answered in full')
    // Somebody else with the same quota hears at once that it is used up.
    await using other = await newClient()
    const second = await other.call('fetch', asked, 12)
    assert.deepEqual(second.responses, [])
    assert.ok((second.throttleTimeMs ?? 0) > 0)
  })

  it('a member of a share group over its quota gets no records either, and its acks count', async () => {
    await fixture.createTopic('shared')
    const large = batchOfRecords([{ value: 'v'.repeat(150_000) }])
    for (let count = 0; count < 3; count++) await fixture.produce('shared', Buffer.from(large))
    const group = new ConfigCalls(fixture.client)
    await group.alter(configType.group, 'sharing', [['share.auto.offset.reset', 'earliest']])
    await using member = await newClient()
    const topicId = await joinShared(member)
    await alter({ 'client-id': 'raw' }, { consumer_byte_rate: 12_000 })
    const first = await shareFetch(member, topicId, { epoch: 0 })
    assert.equal(first.count, 1, 'no more than its quota, but for the first')
    assert.ok(first.throttleTimeMs > 0, 'it is told to wait')
    // Somebody else who shares the quota, and the session.
    await using other = await newClient()
    const second = await shareFetch(other, topicId, { epoch: 1, acked: 0 })
    assert.deepEqual([second.count, second.ackCode], [0, 0])
    assert.ok(second.throttleTimeMs > 0)
    await alter({ 'client-id': 'raw' }, { consumer_byte_rate: null })
    const third = await shareFetch(member, topicId, { epoch: 2 })
    assert.equal(third.count, 2)
    assert.equal(third.throttleTimeMs, 0)
  })

  it('KIP-599: who knows the error is refused, others are muted', async () => {
    const rate = 10
    await alter({ user: null }, { controller_mutation_rate: rate })
    const room = (rate * quotaLimits.mutationBurstMs) / 1000
    assert.deepEqual(await createTopic('first', room + 5), [0, 0])
    const [code, throttleTimeMs = 0] = await createTopic('second', 1)
    assert.equal(code, throttlingQuotaExceeded)
    assert.ok(throttleTimeMs > 50 && throttleTimeMs <= 500, String(throttleTimeMs))
    const [olderCode, olderMs = 0] = await createTopic('third', 10, 5)
    assert.equal(olderCode, 0)
    assert.ok(olderMs > throttleTimeMs && olderMs <= 1500, String(olderMs))
  })

  it('the time of requests counts, and mutes for a second at most', async () => {
    await alter({ 'client-id': 'raw' }, { request_percentage: 0.0001 })
    await using client = await newClient()
    const { throttleTimeMs = 0 } = await produce(client, 100_000)
    assert.ok(throttleTimeMs > 500 && throttleTimeMs <= 1000, String(throttleTimeMs))
  })

  it('a connection that is too many for its address is closed, after a while', async () => {
    await alter({ ip: '127.0.0.1' }, { connection_creation_rate: 1 })
    const count = burst + 1
    const clients = await Promise.all(Array.from({ length: count }, newClient))
    const startedAt = performance.now()
    const socket = connect(fixture.kafkaPort, '127.0.0.1')
    await once(socket.resume(), 'close')
    assert.ok(performance.now() - startedAt > 50)
    await alter({ ip: '127.0.0.1' }, { connection_creation_rate: null })
    for (const client of clients) await client[Symbol.asyncDispose]()
  })

  it('KIP-612: connections beyond max.connection.creation.rate wait for their turn', async () => {
    const setRate = async (value: string | null): Promise<void> => {
      const change = ['max.connection.creation.rate', value, value === null ? 1 : 0] as const
      const [code] = await new ConfigCalls(fixture.client).alter(configType.broker, '', [change])
      assert.equal(code, 0)
    }
    await setRate('2')
    const clients = await Promise.all(Array.from({ length: 2 * burst + 1 }, newClient))
    const startedAt = performance.now()
    await describeQuotas([], clients.at(-1))
    assert.ok(performance.now() - startedAt > 100)
    await setRate(null)
    for (const client of clients) await client[Symbol.asyncDispose]()
  })

  it('kafkajs stays within its quota and loses nothing', async () => {
    await alter({ 'client-id': 'limited' }, { producer_byte_rate: 20_000 })
    const brokers = [`127.0.0.1:${fixture.kafkaPort}`]
    const kafka = new Kafka({ brokers, clientId: 'limited', logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    const startedAt = performance.now()
    const value = 'v'.repeat(10_000)
    for (let count = 0; count < 26; count++)
      await producer.send({ topic: 't', messages: [{ value }] })
    const expected = ((25 * 10_100) / 20_000 - burst) * 1000
    const ms = performance.now() - startedAt
    assert.ok(ms > expected * 0.9 && ms < expected + 5000, `${ms} ms instead of ${expected}`)
    await producer.disconnect()
  })
})

const sharing = { groupId: 'sharing', memberId: 'AAAAAAAAAAAAAAAAAAAAAQ' } as const

/** Joins the share group, and returns the id of its topic. */
async function joinShared(client: KafkaRawClient): Promise<string> {
  const beat = { ...sharing, memberEpoch: 0, rackId: null, subscribedTopicNames: ['shared'] }
  const { errorCode, assignment } = await client.call('shareGroupHeartbeat', beat)
  assert.equal(errorCode, 0)
  return assignment?.topicPartitions[0]?.topicId ?? ''
}

interface SharedAnswer {
  readonly throttleTimeMs: number
  /** Records that it got. */
  readonly count: number
  readonly ackCode: number | undefined
}

/** `acked`: the record that is acknowledged with the request. */
async function shareFetch(
  client: KafkaRawClient,
  topicId: string,
  { epoch, acked }: { readonly epoch: number; readonly acked?: number },
): Promise<SharedAnswer> {
  const acknowledgementBatches =
    acked === undefined ? [] : [{ firstOffset: acked, lastOffset: acked, acknowledgeTypes: [1] }]
  const sizes = { maxWaitMs: 1000, minBytes: 1, maxBytes: 10_000_000, maxRecords: 500 }
  const answer = await client.call('shareFetch', {
    ...sharing,
    shareSessionEpoch: epoch,
    ...sizes,
    batchSize: 500,
    shareAcquireMode: 0,
    isRenewAck: false,
    topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }],
    forgottenTopicsData: [],
  })
  assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
  const [partition] = answer.responses.flatMap(({ partitions }) => partitions)
  const count = (partition?.acquiredRecords ?? []).reduce(
    (sum, { firstOffset, lastOffset }) => sum + lastOffset - firstOffset + 1,
    0,
  )
  return { throttleTimeMs: answer.throttleTimeMs, count, ackCode: partition?.acknowledgeErrorCode }
}
