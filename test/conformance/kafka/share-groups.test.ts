// Share groups on the wire (KIP-932): who joins and what they read, sessions, and what becomes of records.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ApiMessages } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import type { PartitionData } from '../../../src/codec/kafka/messages/share-fetch.gen.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

const [accept, release, reject] = [1, 2, 3]
const code = {
  unknownMember: 25,
  inconsistentProtocol: 23,
  invalidRequest: 42,
  groupNotFound: 69,
  nonEmptyGroup: 68,
  fencedEpoch: 110,
  invalidRecordState: 121,
  sessionNotFound: 122,
  invalidSessionEpoch: 123,
} as const

let kafka: KafkaFixture
let topicId = ''
beforeEach(async () => {
  kafka = await KafkaFixture.start()
  topicId = await makeTopic()
  // Members that come together need not wait for one another here.
  await setGroup({ 'share.assignment.interval.ms': '0' })
})
afterEach(() => kafka[Symbol.asyncDispose]())

async function makeTopic(): Promise<string> {
  await kafka.createTopic('t')
  const { topics } = await kafka.client.call('metadata', {
    topics: [{ topicId: zeroUuid, name: 't' }],
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
    includeClusterAuthorizedOperations: false,
  })
  return topics[0]?.topicId ?? ''
}

async function produce(...values: string[]): Promise<void> {
  const { errorCode } = await kafka.produce('t', batchOfRecords(values.map((value) => ({ value }))))
  assert.equal(errorCode, 0)
}

async function setGroup(configs: Readonly<Record<string, string>>): Promise<void> {
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
}

/** A member of group `g`, with a share session. */
class Member {
  readonly id: string
  readonly client: KafkaRawClient
  epoch = 0

  constructor(id: string, client = kafka.client) {
    this.id = id
    this.client = client
  }

  beat(
    memberEpoch: number,
    topics: readonly string[] | null = ['t'],
  ): Promise<ApiMessages['shareGroupHeartbeat']['response']> {
    return this.client.call('shareGroupHeartbeat', {
      groupId: 'g',
      memberId: this.id,
      memberEpoch,
      rackId: null,
      subscribedTopicNames: topics,
    })
  }

  /** It has its assignment, and a session. */
  async join(): Promise<this> {
    const answer = await this.beat(0)
    assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
    assert.deepEqual(answer.assignment?.topicPartitions, [{ topicId, partitions: [0] }])
    return this
  }

  ask(
    request: Partial<ApiMessages['shareFetch']['request']> & { batches?: readonly Batch[] } = {},
  ): Promise<ApiMessages['shareFetch']['response']> {
    const { batches = [], ...rest } = request
    return this.client.call('shareFetch', {
      groupId: 'g',
      memberId: this.id,
      shareSessionEpoch: this.epoch++,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 500,
      batchSize: 500,
      shareAcquireMode: 0,
      isRenewAck: false,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: batches }] }],
      forgottenTopicsData: [],
      ...rest,
    })
  }

  async fetch(request: Parameters<Member['ask']>[0] = {}): Promise<PartitionData | undefined> {
    const answer = await this.ask(request)
    assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
    const [partition] = answer.responses.flatMap(({ partitions }) => partitions)
    assert.equal(partition?.errorCode ?? 0, 0)
    return partition
  }

  /** First and last offsets, and delivery counts, of what it gets. */
  async take(request: Parameters<Member['ask']>[0] = {}): Promise<number[][]> {
    const partition = await this.fetch(request)
    return (partition?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => {
      return [firstOffset, lastOffset, deliveryCount]
    })
  }

  async settle(...batches: Batch[]): Promise<number> {
    const { errorCode, responses } = await this.client.call('shareAcknowledge', {
      groupId: 'g',
      memberId: this.id,
      shareSessionEpoch: this.epoch++,
      isRenewAck: false,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: batches }] }],
    })
    return errorCode === 0 ? (responses[0]?.partitions[0]?.errorCode ?? 0) : errorCode
  }
}

type Batch = { firstOffset: number; lastOffset: number; acknowledgeTypes: number[] }

function of(firstOffset: number, lastOffset: number, ...acknowledgeTypes: number[]): Batch {
  return { firstOffset, lastOffset, acknowledgeTypes }
}

async function startOf(): Promise<[start: number, lag: number]> {
  const { groups } = await kafka.client.call('describeShareGroupOffsets', {
    groups: [{ groupId: 'g', topics: [{ topicName: 't', partitions: [0] }] }],
  })
  const place = groups[0]?.topics[0]?.partitions[0]
  return [place?.startOffset ?? -2, place?.lag ?? -2]
}

describe('members of a share group', () => {
  it('join, are told what they read, and are fenced with an epoch that was never theirs', async () => {
    const member = await new Member('m').join()
    assert.equal((await member.beat(9)).errorCode, code.fencedEpoch)
    assert.equal((await new Member('n').beat(1)).errorCode, code.unknownMember)
    assert.equal((await new Member('n').beat(0, [])).errorCode, code.invalidRequest)
    const { groups } = await kafka.client.call('shareGroupDescribe', {
      groupIds: ['g'],
      includeAuthorizedOperations: false,
    })
    assert.equal(groups[0]?.groupState, 'Stable')
    assert.deepEqual(groups[0]?.members[0]?.subscribedTopicNames, ['t'])
    assert.equal((await member.beat(-1)).errorCode, 0)
    assert.equal((await member.beat(1)).errorCode, code.unknownMember)
  })

  it('share their names with no other group', async () => {
    await new Member('m').join()
    const { errorCode } = await kafka.client.call('joinGroup', {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      reason: null,
    })
    assert.equal(errorCode, code.inconsistentProtocol)
  })

  it('begin after all that is there, or where the group’s settings say', async () => {
    await produce('old')
    const member = await new Member('m').join()
    assert.deepEqual(await member.take(), [])
    await produce('new')
    assert.deepEqual(await member.take(), [[1, 1, 1]])
  })
})

describe('a share session', () => {
  it('has epochs, and ends', async () => {
    const member = await new Member('m').join()
    member.epoch = 5
    assert.equal((await member.ask()).errorCode, code.sessionNotFound)
    member.epoch = 0
    await member.fetch()
    member.epoch = 7
    assert.equal((await member.ask()).errorCode, code.invalidSessionEpoch)
    member.epoch = 0
    assert.equal((await member.ask({ batches: [of(0, 0, accept)] })).errorCode, code.invalidRequest)
    member.epoch = 1
    await produce('a')
    assert.deepEqual(await member.take(), [[0, 0, 1]])
    member.epoch = -1
    assert.equal(await member.settle(), 0)
    member.epoch = -1
    assert.equal(await member.settle(), code.sessionNotFound)
    assert.deepEqual(await (await new Member('n').join()).take(), [[0, 0, 2]])
  })

  it('ends with its connection, and what its member has is there for others', async () => {
    const client = await KafkaRawClient.connect(kafka.kafkaPort)
    const gone = await new Member('gone', client).join()
    await gone.fetch()
    await produce('a')
    assert.deepEqual(await gone.take(), [[0, 0, 1]])
    const other = await new Member('other').join()
    assert.deepEqual(await other.take(), [])
    const waiting = other.take({ maxWaitMs: 30_000 })
    await client[Symbol.asyncDispose]()
    assert.deepEqual(await waiting, [[0, 0, 2]])
  })
})

describe('records of a share group', () => {
  let one: Member
  let two: Member
  beforeEach(async () => {
    one = await new Member('one').join()
    two = await new Member('two').join()
    await produce('a', 'b', 'c', 'd')
  })

  it('are one member’s at a time, and come again when they are given back', async () => {
    assert.deepEqual(await one.take(), [[0, 3, 1]])
    assert.deepEqual(await two.take(), [])
    assert.equal(await one.settle(of(0, 3, accept, release, accept, release)), 0)
    assert.deepEqual(await startOf(), [1, 2])
    assert.deepEqual(await two.take(), [
      [1, 1, 2],
      [3, 3, 2],
    ])
    assert.equal(await two.settle(of(1, 1, accept), of(3, 3, reject)), 0)
    assert.deepEqual(await startOf(), [4, 0])
  })

  it('are acknowledged by who has them, all of a request or none', async () => {
    // As Kafka's SharePartitionManager: who has no room for bytes or records gets none.
    assert.deepEqual(await one.take({ maxBytes: 0 }), [])
    assert.deepEqual(await one.take({ maxRecords: 2, shareAcquireMode: 1 }), [[0, 1, 1]])
    await two.fetch({ maxRecords: 1 })
    assert.equal(await two.settle(of(0, 0, accept)), code.invalidRecordState)
    assert.equal(await one.settle(of(0, 1, accept), of(2, 2, accept)), code.invalidRecordState)
    assert.equal(await one.settle(of(1, 0, accept)), code.invalidRequest)
    assert.equal(await one.settle(of(0, 1, 9)), code.invalidRequest)
    assert.deepEqual(await startOf(), [0, 4])
    const partition = await one.fetch({ batches: [of(0, 1, accept)] })
    assert.equal(partition?.acknowledgeErrorCode ?? 0, 0)
    assert.deepEqual(await startOf(), [2, 2])
    const twice = await one.fetch({ batches: [of(0, 0, accept), of(2, 2, accept)] })
    assert.equal(twice?.acknowledgeErrorCode, code.invalidRecordState)
  })

  it('come as whole batches, or no more of them than were asked for', async () => {
    await produce('e')
    assert.deepEqual(await one.take({ maxRecords: 1 }), [[0, 3, 1]])
    assert.equal(await one.settle(of(0, 3, release)), 0)
    assert.deepEqual(await two.take({ maxRecords: 3, shareAcquireMode: 1 }), [[0, 2, 2]])
  })

  it('are acknowledged by a member that has left with the end of its session, as librdkafka does', async () => {
    const three = await new Member('three').join()
    await produce('left')
    const taken = await three.take()
    const [first = -1, last = -1] = taken.at(-1) ?? []
    assert.equal((await three.beat(-1)).errorCode, 0)
    three.epoch = -1
    assert.equal(await three.settle(of(first, last, accept)), 0)
  })

  it('fail often one by one, and are archived in the end', async () => {
    for (let count = 1; count <= 3; count++) {
      assert.deepEqual(await one.take(), [[0, 3, count]])
      assert.equal(await one.settle(of(0, 3, release)), 0)
    }
    // From now on fewer at a time: the last time each is alone.
    assert.deepEqual(await one.take(), [[0, 1, 4]])
    assert.equal(await one.settle(of(0, 1, release)), 0)
    assert.deepEqual(await one.take(), [[0, 0, 5]])
    assert.equal(await one.settle(of(0, 0, release)), 0)
    assert.deepEqual(await startOf(), [1, 3])
  })

  it('are gone once they are deleted, whoever had them', async () => {
    assert.deepEqual(await one.take(), [[0, 3, 1]])
    await kafka.client.call('deleteRecords', {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2 }] }],
      timeoutMs: 1000,
    })
    assert.deepEqual(await startOf(), [2, 2])
    assert.equal(await one.settle(of(0, 3, accept)), 0)
    assert.deepEqual(await startOf(), [4, 0])
  })

  it('come again from where nobody is reading', async () => {
    const alter = (): ReturnType<typeof kafka.client.call<'alterShareGroupOffsets'>> =>
      kafka.client.call('alterShareGroupOffsets', {
        groupId: 'g',
        topics: [{ topicName: 't', partitions: [{ partitionIndex: 0, startOffset: 2 }] }],
      })
    assert.deepEqual(await one.take(), [[0, 3, 1]])
    assert.equal(await one.settle(of(0, 3, accept)), 0)
    assert.equal((await alter()).errorCode, code.nonEmptyGroup)
    for (const member of [one, two]) await member.beat(-1)
    assert.equal((await alter()).errorCode, 0)
    assert.deepEqual(await startOf(), [2, 2])
    const late = await new Member('late').join()
    assert.deepEqual(await late.take(), [[2, 3, 1]])
  })
})

it('what was answered outlives the broker, and so does how often records came back', async () => {
  const data = mkdtempSync(join(tmpdir(), 'pabal-share-'))
  try {
    await kafka[Symbol.asyncDispose]()
    kafka = await KafkaFixture.start({ storage: 'file', data })
    topicId = await makeTopic()
    await setGroup({ 'share.auto.offset.reset': 'earliest' })
    await produce('a', 'b', 'c')
    const member = await new Member('m').join()
    assert.deepEqual(await member.take(), [[0, 2, 1]])
    assert.equal(await member.settle(of(0, 1, release, accept)), 0)
    await kafka[Symbol.asyncDispose]()
    kafka = await KafkaFixture.start({ storage: 'file', data })
    const again = await new Member('m').join()
    assert.deepEqual(await startOf(), [0, 2])
    assert.deepEqual(await again.take(), [
      [0, 0, 2],
      // Its connection ended, which gave it back.
      [2, 2, 2],
    ])
    await waitFor('the group', async () => (await startOf())[0] === 0)
  } finally {
    await kafka[Symbol.asyncDispose]()
    kafka = await KafkaFixture.start()
    rmSync(data, { recursive: true })
  }
})

it('is among the groups by HTTP, and is moved and deleted there once nobody is in it', async () => {
  await kafka[Symbol.asyncDispose]()
  kafka = await KafkaFixture.start({ httpPort: 0, metricsPort: 0 })
  topicId = await makeTopic()
  const port = (name: string): number => kafka.broker.addresses[name]?.port ?? 0
  const ask = async (method: string, path: string, body?: object): Promise<[number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${port('http')}/api/v1/groups${path}`, {
      method,
      headers: { authorization: `Basic ${btoa('guest:guest')}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return [response.status, text === '' ? undefined : JSON.parse(text)]
  }
  const member = await new Member('m').join()
  await produce('a', 'b', 'c')
  assert.deepEqual(await member.take(), [[0, 2, 1]])
  assert.equal(await member.settle(of(0, 0, accept)), 0)
  const listed = { name: 'g', type: 'share', state: 'Stable', protocol_type: 'share', members: 1 }
  assert.deepEqual(await ask('GET', ''), [200, [{ ...listed, topics: 1, lag: 2 }]])
  const [, shown] = (await ask('GET', '/g')) as [number, Record<string, unknown[]>]
  const place = { topic: 't', partition: 0, offset: 1, end: 3, lag: 2, in_flight: 2 }
  assert.partialDeepStrictEqual(shown['offsets'], [place])
  assert.partialDeepStrictEqual(shown['member_list'], [
    { id: 'm', partitions: [{ topic: 't', partition: 0 }] },
  ])
  const metrics = await fetch(`http://127.0.0.1:${port('metrics')}/metrics`)
  const labels = '{sharegroup="g",topic="t",partition="0"}'
  const text = await metrics.text()
  assert.ok(text.includes(`pabal_sharegroup_acquired_records${labels} 2`))
  assert.ok(text.includes(`pabal_sharegroup_delayed_records${labels} 0`))
  const reset = { topic: 't', to: 'first' }
  const moved = { offsets: [{ topic: 't', partition: 0, from: 1, to: 0 }] }
  assert.deepEqual(await ask('POST', '/g/reset', { ...reset, dry_run: true }), [200, moved])
  assert.equal((await ask('POST', '/g/reset', reset))[0], 400)
  await member.beat(-1)
  assert.deepEqual(await ask('POST', '/g/reset', reset), [200, moved])
  assert.deepEqual(await startOf(), [0, 3])
  assert.equal((await ask('DELETE', '/g'))[0], 204)
  assert.equal((await ask('GET', '/g'))[0], 404)
})
