// Clients that others wrote in groups of the consumer protocol (KIP-848), beside each other and beside clients of the
// classic protocol: groups go over to the other protocol while they work.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Consumer } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'

interface Member extends AsyncDisposable {
  leave(): Promise<void>
}

let kafka: KafkaFixture
before(async () => {
  kafka = await KafkaFixture.start({
    kafkaGroupConsumerHeartbeatIntervalMs: 100,
    kafkaGroupConsumerMinHeartbeatIntervalMs: 50,
  })
  const numbers = { numPartitions: 6, replicationFactor: 1 }
  const { topics } = await kafka.client.call('createTopics', {
    topics: [{ name: 'orders', ...numbers, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  assert.equal(topics[0]?.errorCode, 0)
})
after(() => kafka[Symbol.asyncDispose]())

const bootstrap = (): string => `127.0.0.1:${kafka.kafkaPort}`

/** Leaves once, however the test ends. */
function memberThat(end: () => Promise<unknown>): Member {
  let left: Promise<unknown> | undefined
  const leave = async (): Promise<void> => {
    await (left ??= end())
  }
  return { leave, [Symbol.asyncDispose]: leave }
}

/** @platformatic/kafka: a member of the consumer protocol. */
async function joinAsConsumer(groupId: string): Promise<Member> {
  const consumer = new Consumer({
    clientId: 'platformatic',
    groupId,
    groupProtocol: 'consumer',
    bootstrapBrokers: [bootstrap()],
    autocommit: false,
    maxWaitTime: 100,
  })
  const stream = await consumer.consume({ topics: ['orders'], mode: 'latest' })
  stream.resume()
  return memberThat(() => consumer.close(true))
}

/** KafkaJS: an eager member of the classic protocol. */
async function joinAsClassic(groupId: string): Promise<Member> {
  const client = new Kafka({ brokers: [bootstrap()], logLevel: logLevel.NOTHING })
  const times = { heartbeatInterval: 50, rebalanceTimeout: 5000, maxWaitTimeInMs: 100 }
  const consumer = client.consumer({ groupId, ...times })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders' })
  await consumer.run({ eachMessage: () => Promise.resolve() })
  return memberThat(() => consumer.disconnect())
}

/** The protocol of the group, its state, and how many partitions each member has by its own protocol. */
async function shares(groupId: string): Promise<string> {
  const asked = { includeAuthorizedOperations: false }
  const { client } = kafka
  const { groups } = await client.call('consumerGroupDescribe', { groupIds: [groupId], ...asked })
  const { errorCode, groupState, members } = groups[0]!
  if (errorCode !== 0) {
    const classic = await client.call('describeGroups', { groups: [groupId], ...asked })
    const [group] = classic.groups
    return `classic ${group?.groupState}, members: ${group?.members.length}`
  }
  const counts = members.map(({ assignment, memberType }) => {
    const count = assignment.topicPartitions[0]?.partitions.length ?? 0
    return `${memberType === 0 ? 'classic' : 'consumer'} ${count}`
  })
  return [`consumer ${groupState}`, ...counts.sort()].join(', ')
}

async function expectShares(groupId: string, expected: string): Promise<void> {
  await waitFor(expected, async () => (await shares(groupId)) === expected)
}

test('members share partitions, and take over from one that leaves', async () => {
  await using first = await joinAsConsumer('sharing')
  await expectShares('sharing', 'consumer Stable, consumer 6')
  await using second = await joinAsConsumer('sharing')
  await expectShares('sharing', 'consumer Stable, consumer 3, consumer 3')
  await first.leave()
  await expectShares('sharing', 'consumer Stable, consumer 6')
  await second.leave()
  await expectShares('sharing', 'consumer Empty')
})

test('a group goes over to the consumer protocol and back, member by member', async () => {
  await using old = await joinAsClassic('moving')
  await expectShares('moving', 'classic Stable, members: 1')
  await using next = await joinAsConsumer('moving')
  await expectShares('moving', 'consumer Stable, classic 3, consumer 3')
  await old.leave()
  await expectShares('moving', 'consumer Stable, consumer 6')
  await using back = await joinAsClassic('moving')
  await expectShares('moving', 'consumer Stable, classic 3, consumer 3')
  await next.leave()
  await expectShares('moving', 'classic Stable, members: 1')
  await back.leave()
  await expectShares('moving', 'classic Empty, members: 0')
})
