// Share groups over topics whose partitions are led by three nodes: the home has the members, leaders hand the records
// out, dead ones go to a queue of the home, and where a group is can be seen and changed at the home.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { SpreadCluster, type SpreadTopicUnderTest as Spread } from '../support/spread-cluster.ts'
import { waitFor } from '../support/wait-for.ts'

const { partitionCount } = SpreadCluster
const accept = 1
const reject = 3
const kafkaGroup = 32

interface ShownGroup {
  readonly offsets: readonly { readonly lag: number; readonly end: number }[]
}

describe('share groups of spread topics', { skip: postgresMissing() }, () => {
  let it: SpreadCluster

  before(async () => {
    it = await SpreadCluster.start()
  })
  after(() => it?.[Symbol.asyncDispose]())

  function setGroup(groupId: string, configs: Readonly<Record<string, string>>): Promise<void> {
    return it.configure({ resourceType: kafkaGroup, resourceName: groupId }, configs)
  }

  async function join(groupId: string, memberId: string, topic: string): Promise<number[]> {
    const { errorCode, errorMessage, assignment } = await it.client.call('shareGroupHeartbeat', {
      groupId,
      memberId,
      memberEpoch: 0,
      rackId: null,
      subscribedTopicNames: [topic],
    })
    assert.equal(errorCode, 0, errorMessage ?? '')
    return [...(assignment?.topicPartitions[0]?.partitions ?? [])]
  }

  async function leave(groupId: string, memberId: string): Promise<void> {
    const left = { memberEpoch: -1, rackId: null, subscribedTopicNames: null }
    await it.client.call('shareGroupHeartbeat', { groupId, memberId, ...left })
  }

  /** Opens a session at each leader and takes what its partitions have: offsets by partition. */
  async function take(
    groupId: string,
    memberId: string,
    spread: Spread,
  ): Promise<Map<number, number[]>> {
    const taken = new Map<number, number[]>()
    for (const [nodeId, leader] of it.clients) {
      const own = spread.leaders.flatMap((each, partition) => (each === nodeId ? [partition] : []))
      const answer = await leader.call('shareFetch', {
        groupId,
        memberId,
        shareSessionEpoch: 0,
        maxWaitMs: 1000,
        minBytes: 1,
        maxBytes: 1_000_000,
        maxRecords: 500,
        batchSize: 500,
        shareAcquireMode: 0,
        isRenewAck: false,
        topics: [
          {
            topicId: spread.topicId,
            partitions: own.map((partitionIndex) => ({
              partitionIndex,
              acknowledgementBatches: [],
            })),
          },
        ],
        forgottenTopicsData: [],
      })
      assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
      for (const { partitions } of answer.responses) {
        for (const { partitionIndex, errorCode, acquiredRecords } of partitions) {
          assert.equal(errorCode, 0)
          const offsets = acquiredRecords.flatMap(({ firstOffset, lastOffset }) =>
            Array.from({ length: lastOffset - firstOffset + 1 }, (_, at) => firstOffset + at),
          )
          taken.set(partitionIndex, offsets)
        }
      }
    }
    return taken
  }

  async function settle(
    place: { readonly groupId: string; readonly memberId: string; readonly partition: number },
    spread: Spread,
    types: readonly number[],
  ): Promise<void> {
    const { groupId, memberId, partition } = place
    const batch = { firstOffset: 0, lastOffset: types.length - 1, acknowledgeTypes: types }
    const { errorCode, responses } = await it.leaderOf(spread, partition).call('shareAcknowledge', {
      groupId,
      memberId,
      shareSessionEpoch: -1,
      isRenewAck: false,
      topics: [
        {
          topicId: spread.topicId,
          partitions: [{ partitionIndex: partition, acknowledgementBatches: [batch] }],
        },
      ],
    })
    assert.equal(errorCode, 0)
    assert.equal(responses[0]?.partitions[0]?.errorCode, 0)
  }

  async function lags(groupId: string, topicName: string): Promise<number[]> {
    const partitions = Array.from({ length: partitionCount }, (_, index) => index)
    const { groups } = await it.client.call('describeShareGroupOffsets', {
      groups: [{ groupId, topics: [{ topicName, partitions }] }],
    })
    const described = groups[0]?.topics[0]?.partitions ?? []
    assert.ok(described.every(({ errorCode }) => errorCode === 0))
    return described.map(({ lag = -1 }) => lag)
  }

  test('leaders hand out what the home assigns, and dead records go to a queue once', async () => {
    const spread = await it.create('orders')
    await using amqp = await AmqpSession.open(it.nodes[1]!.url)
    const channel = await amqp.channel()
    await channel.assertQueue('graves', { durable: true })
    await setGroup('workers', {
      'share.auto.offset.reset': 'earliest',
      'share.assignment.interval.ms': '0',
      'pabal.share.dead.letter.routing.key': 'graves',
    })
    await it.produce(spread, 'orders', ['good', 'bad'])
    assert.deepEqual(await join('workers', 'm', 'orders'), [0, 1, 2, 3, 4, 5])
    const taken = await take('workers', 'm', spread)
    for (let index = 0; index < partitionCount; index++) {
      assert.deepEqual(taken.get(index), [0, 1], `partition ${index}`)
    }
    // A session at each leader ends with the first acknowledgement there: what comes after that was released.
    const [partition] = [...new Map(spread.leaders.map((each, at) => [each, at])).values()]
    await settle({ groupId: 'workers', memberId: 'm', partition: partition! }, spread, [
      accept,
      reject,
    ])
    await waitFor('the dead letter is there', async () => {
      const { messageCount } = await channel.checkQueue('graves')
      return messageCount === 1
    })
    const dead = await channel.get('graves')
    assert.ok(dead !== false)
    assert.equal(dead.content.toString(), `${partition}/bad`)
    const { headers = {} } = dead.properties
    assert.equal(String(headers['__dlq.errors.partition']), String(partition))
    assert.equal(String(headers['__dlq.errors.offset']), '1')
    const left = await lags('workers', 'orders')
    const expected = Array.from({ length: partitionCount }, (_, at) => (at === partition ? 0 : 2))
    assert.deepEqual(left, expected)
  })

  test('the home shows, resets and deletes groups of partitions that others lead', async () => {
    const spread = await it.create('parcels')
    await setGroup('readers', {
      'share.auto.offset.reset': 'earliest',
      'share.assignment.interval.ms': '0',
    })
    await it.produce(spread, 'parcels', ['a', 'b', 'c'])
    await join('readers', 'm', 'parcels')
    assert.deepEqual(await lags('readers', 'parcels'), Array(partitionCount).fill(3))
    const shown = await it.api<ShownGroup>('GET', '/v1/groups/readers')
    assert.deepEqual(
      shown.offsets.map(({ lag, end }) => [lag, end]),
      Array.from({ length: partitionCount }, () => [3, 3]),
    )
    await leave('readers', 'm')
    const { responses } = await it.client.call('alterShareGroupOffsets', {
      groupId: 'readers',
      topics: [
        {
          topicName: 'parcels',
          partitions: Array.from({ length: partitionCount }, (_, partitionIndex) => {
            return { partitionIndex, startOffset: 2 }
          }),
        },
      ],
    })
    assert.ok(responses[0]?.partitions.every(({ errorCode }) => errorCode === 0))
    assert.deepEqual(await lags('readers', 'parcels'), Array(partitionCount).fill(1))
    const { results } = await it.client.call('deleteGroups', { groupsNames: ['readers'] })
    assert.equal(results[0]?.errorCode, 0)
    // One that is made anew begins where its settings say, and not where the old one was.
    await join('readers', 'm', 'parcels')
    assert.deepEqual(await lags('readers', 'parcels'), Array(partitionCount).fill(3))
  })
})
