// Transactions, compacted topics, and groups of the newer protocols.
import assert from 'node:assert/strict'
import type { ApiMessages } from '../../../src/codec/kafka/apis.gen.ts'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { FixtureBroker } from '../fixture-broker.ts'
import { commitOffset, committedOffset, createTopic, produce } from '../kafka-calls.ts'
import type { Section } from '../section.ts'

const secondMs = 1000

/** Offset, key and value of the first records that a reader of what is committed gets. */
async function readCommitted(
  broker: FixtureBroker,
  topic: string,
  count: number,
): Promise<string[]> {
  const consumer = broker.kafka().consumer({ groupId: `look at ${topic}`, maxWaitTimeInMs: 50 })
  const found: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    async eachMessage({ message: { offset, key, value } }) {
      found.push(`${offset} ${key?.toString() ?? ''}=${value?.toString() ?? ''}`)
    },
  })
  await waitFor(`${count} records of ${topic}`, () => found.length >= count)
  await consumer.disconnect()
  return found
}

const ledger = 'ledger'
const ledgerReaders = 'readers of the ledger'

interface Entry {
  readonly transactionalId: string
  readonly value: string
  readonly end: 'commit' | 'abort' | 'leave open'
}

/** One record in a transaction, and where a group goes on. */
async function enter(
  broker: FixtureBroker,
  { transactionalId, value, end }: Entry,
  offset: number,
): Promise<void> {
  const producer = broker.kafka().producer({ transactionalId, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: ledger, messages: [{ value }] })
  const partitions = [{ partition: 0, offset: `${offset}` }]
  const topics = [{ topic: ledger, partitions }]
  await transaction.sendOffsets({ consumerGroupId: ledgerReaders, topics })
  if (end !== 'leave open') await transaction[end]()
  await producer.disconnect()
}

type TransactionState = ApiMessages['describeTransactions']['response']['transactionStates'][number]

async function transactionState({ raw }: FixtureBroker, id: string): Promise<TransactionState> {
  const { transactionStates } = await raw.call('describeTransactions', { transactionalIds: [id] })
  const [state] = transactionStates
  assert.ok(state?.errorCode === 0)
  return state
}

export const transactions: Section = {
  name: 'transactions',

  async fill(broker, facts) {
    await createTopic(broker, ledger)
    await enter(broker, { transactionalId: 'books', value: 'kept', end: 'commit' }, 1)
    await enter(broker, { transactionalId: 'books', value: 'never', end: 'abort' }, 2)
    await enter(broker, { transactionalId: 'forgotten', value: 'open', end: 'leave open' }, 3)
    const { producerId, producerEpoch } = await transactionState(broker, 'books')
    Object.assign(facts, { producerId, producerEpoch })
    assert.equal((await transactionState(broker, 'forgotten')).transactionState, 'Ongoing')
  },

  async check(broker, facts) {
    const before = await transactionState(broker, 'books')
    assert.equal(before.producerId, facts['producerId'])
    assert.ok(before.producerEpoch >= Number(facts['producerEpoch']))
    // Nobody has ended this one for two days.
    await waitFor('the forgotten transaction is over', async () => {
      return (await transactionState(broker, 'forgotten')).transactionState === 'CompleteAbort'
    })
    assert.equal(await committedOffset(broker, ledgerReaders), 1)
    await enter(broker, { transactionalId: 'books', value: 'later', end: 'commit' }, 4)
    const [first, second] = await readCommitted(broker, ledger, 2)
    assert.equal(first, '0 =kept')
    assert.match(second ?? '', / =later$/)
  },
}

/** What its compaction leaves; the last batch of a partition is never compacted. */
const prices = ['2 tea=3', '4 milk=1', '5 end=']

export const compacted: Section = {
  name: 'compacted',

  async fill(broker) {
    const { raw } = broker
    const calls = new ConfigCalls(raw)
    const soon = [['log.cleaner.backoff.ms', '50']] as const
    assert.deepEqual(await calls.alter(configType.broker, '', soon), [0, null])
    await createTopic(broker, 'prices', {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0',
      'segment.ms': `${secondMs}`,
    })
    const rounds = [
      ['tea', '1'],
      ['milk', '2'],
      ['tea', '3'],
      ['milk', '4'],
      ['milk', '1'],
    ] as const
    for (const [key, value] of rounds) {
      const { errorCode } = await produce(broker, 'prices', batchOfRecords([{ key, value }]))
      assert.equal(errorCode, 0)
    }
    const last = await produce(broker, 'prices', batchOfRecords([{ key: 'end', value: '' }]))
    assert.equal(last.errorCode, 0)
    const { compaction } = broker.node.cell!.broker.counters
    await waitFor('a compaction', () => compaction.passes > 0)
  },

  async check(broker) {
    const calls = new ConfigCalls(broker.raw)
    const [shown] = await calls.shown(configType.broker, '', 'log.cleaner.backoff.ms')
    assert.equal(shown, '50@3')
    assert.deepEqual(await readCommitted(broker, 'prices', prices.length), prices)
  },
}

const consumers = 'members one by one'

/** A member of the consumer protocol (KIP-848) says so. */
async function beat({ raw }: FixtureBroker, memberEpoch: number): Promise<number> {
  const answer = await raw.call('consumerGroupHeartbeat', {
    groupId: consumers,
    memberId: 'member',
    memberEpoch,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 5 * secondMs,
    subscribedTopicNames: ['turns'],
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: [],
  })
  assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
  return answer.memberEpoch
}

export const consumerProtocol: Section = {
  name: 'consumer protocol',

  async fill(broker, facts) {
    await createTopic(broker, 'turns')
    const memberEpoch = await beat(broker, 0)
    facts['memberEpoch'] = memberEpoch
    const member = { id: 'member', epoch: memberEpoch }
    await commitOffset(broker, { groupId: consumers, topic: 'turns', offset: 7, member })
    await beat(broker, -1)
  },

  async check(broker, facts) {
    const { groups } = await broker.raw.call('listGroups', { statesFilter: [], typesFilter: [] })
    const { groupType, groupState } = groups.find(({ groupId }) => groupId === consumers) ?? {}
    assert.deepEqual([groupType, groupState], ['consumer', 'Empty'])
    assert.equal(await committedOffset(broker, consumers), 7)
    assert.ok((await beat(broker, 0)) > Number(facts['memberEpoch']))
  },
}

const sharers = 'sharers'
const [accept, release] = [1, 2]

type ShareAnswer = ApiMessages['shareFetch']['response']

/** A member of a share group (KIP-932) that takes all there is. */
class Sharer {
  readonly #broker: FixtureBroker
  readonly #id: string
  #topicId = ''
  #epoch = 0

  constructor(broker: FixtureBroker, id: string) {
    this.#broker = broker
    this.#id = id
  }

  async beat(memberEpoch: number): Promise<void> {
    const answer = await this.#broker.raw.call('shareGroupHeartbeat', {
      groupId: sharers,
      memberId: this.#id,
      memberEpoch,
      rackId: null,
      subscribedTopicNames: ['shared'],
    })
    assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
    this.#topicId = answer.assignment?.topicPartitions[0]?.topicId ?? this.#topicId
  }

  /** First and last offsets, and how often they have come. */
  async take(settled: readonly { offset: number; type: number }[] = []): Promise<number[][]> {
    const answer: ShareAnswer = await this.#broker.raw.call('shareFetch', {
      groupId: sharers,
      memberId: this.#id,
      shareSessionEpoch: this.#epoch++,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 500,
      batchSize: 500,
      shareAcquireMode: 0,
      isRenewAck: false,
      topics: [{ topicId: this.#topicId, partitions: [this.#partition(settled)] }],
      forgottenTopicsData: [],
    })
    assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
    const [partition] = answer.responses.flatMap(({ partitions }) => partitions)
    assert.equal(partition?.acknowledgeErrorCode ?? 0, 0)
    return (partition?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => [
      firstOffset,
      lastOffset,
      deliveryCount,
    ])
  }

  #partition(
    settled: readonly { offset: number; type: number }[],
  ): ApiMessages['shareFetch']['request']['topics'][number]['partitions'][number] {
    const acknowledgementBatches = settled.map(({ offset, type }) => {
      return { firstOffset: offset, lastOffset: offset, acknowledgeTypes: [type] }
    })
    return { partitionIndex: 0, acknowledgementBatches }
  }
}

export const sharing: Section = {
  name: 'share group',

  async fill(broker) {
    const calls = new ConfigCalls(broker.raw)
    const changes = [
      ['share.auto.offset.reset', 'earliest'],
      ['share.assignment.interval.ms', '0'],
    ] as const
    assert.deepEqual(await calls.alter(configType.group, sharers, changes), [0, null])
    await createTopic(broker, 'shared')
    const records = ['a', 'b', 'c'].map((value) => ({ value }))
    for (const record of records) await produce(broker, 'shared', batchOfRecords([record]))
    const member = new Sharer(broker, 'first')
    await member.beat(0)
    assert.deepEqual(await member.take(), [[0, 2, 1]])
    await member.take([
      { offset: 0, type: accept },
      { offset: 1, type: release },
      { offset: 2, type: accept },
    ])
    await member.beat(-1)
  },

  async check(broker) {
    const member = new Sharer(broker, 'second')
    await member.beat(0)
    const [taken] = await waitForSome(() => member.take())
    // It came, and came again when it had been released; what was settled comes no more.
    assert.deepEqual(taken?.slice(0, 2), [1, 1])
    assert.ok((taken?.[2] ?? 0) > 1)
  },
}

async function waitForSome<T>(take: () => Promise<T[]>): Promise<T[]> {
  let found: T[] = []
  await waitFor('something to take', async () => {
    found = await take()
    return found.length > 0
  })
  return found
}
