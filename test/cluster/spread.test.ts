// Topics whose partitions are spread over the cells of three nodes, through real clients: who leads what, what is
// produced at leaders, and what becomes of it when nodes go.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { AmqpSession } from '../support/amqp-session.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { fetchFromStart, fetchRequest } from '../support/fetch-request.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const partitionCount = 12
const names = ['n1', 'n2', 'n3']
const fetchedByName = 11
const notLeader = 6

/** Partitions of `orders` that the node leads, as it says to who wants records that are not there yet. */
async function ledBy(client: KafkaRawClient): Promise<number[]> {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({
    ...fetchFromStart('orders', 1).partitions[0]!,
    partition,
    fetchOffset: 100,
  }))
  const topics = [{ topic: 'orders', topicId: '', partitions }]
  const wanted = { maxWaitMs: 100, minBytes: 1, maxBytes: 1000 }
  const { responses } = await client.call('fetch', fetchRequest(topics, wanted), fetchedByName)
  return responses[0]!.partitions
    .filter(({ errorCode }) => {
      assert.ok(errorCode === 0 || errorCode === notLeader, `error ${errorCode}`)
      return errorCode === 0
    })
    .map(({ partitionIndex }) => partitionIndex)
}

describe('spread topics', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  let nodes: TestBroker[]
  let noKafka: TestBroker

  before(async () => {
    cluster = await ClusterUnderTest.start()
    const flags = ['--kafka-spread', 'true']
    nodes = await Promise.all(names.map((name) => cluster.startNode(name, flags)))
    // Nobody could produce to partitions of its cells.
    noKafka = await cluster.startNode('n4', ['--kafka-port', 'off'])
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const clientOf = (...known: TestBroker[]): Kafka =>
    new Kafka({
      clientId: 'spread',
      brokers: known.map((node) => `127.0.0.1:${node.portOf('kafka')}`),
      logLevel: logLevel.NOTHING,
      retry: { retries: 30, maxRetryTime: 1000 },
    })

  test('partitions have leaders on all nodes, and keep what was produced', async () => {
    const kafka = clientOf(nodes[0]!)
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: partitionCount }] })
    // Cells have moved a moment ago. KafkaJS leaves out what it would have to send again to somebody who has answered.
    await waitFor('each node leads its share', async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: ['orders'] })
      const leaders = Map.groupBy(topics[0]!.partitions, ({ leader }) => leader)
      const share = partitionCount / names.length
      return (
        leaders.size === names.length && [...leaders.values()].every((led) => led.length === share)
      )
    })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = Array.from({ length: 1200 }, (_, n) => ({
      partition: n % partitionCount,
      value: `order ${n}`,
    }))
    await producer.send({ topic: 'orders', messages })
    // KafkaJS asks whom it knows from before, and cells may have moved a moment ago.
    const offsets = await waitFor('leaders answer', async () => {
      const asking = kafka.admin()
      await asking.connect()
      const found = await asking.fetchTopicOffsets('orders').catch(() => undefined)
      await asking.disconnect()
      return found
    })
    assert.deepEqual(
      offsets.map(({ high }) => high),
      Array<string>(partitionCount).fill('100'),
    )
    for (const node of nodes) {
      const consumer = clientOf(node).consumer({ groupId: `readers-${node.port}` })
      await consumer.connect()
      await consumer.subscribe({ topic: 'orders', fromBeginning: true })
      const read: string[] = []
      await consumer.run({
        eachMessage: async ({ message }) => void read.push(String(message.value)),
      })
      await waitFor('all are read', () => read.length === messages.length, 30_000)
      assert.deepEqual(read.toSorted(), messages.map(({ value }) => value).toSorted())
      await consumer.disconnect()
    }
    await producer.disconnect()
    await admin.disconnect()
  })

  test('a node without a Kafka port has no cell, says so, and passes its clients on', async () => {
    await waitFor('it says so', () => /takes no cells: it has no Kafka port/.test(noKafka.output))
    await using session = await AmqpSession.open(noKafka.url)
    const channel = await session.confirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    channel.sendToQueue(queue, Buffer.from('hello'))
    await channel.waitForConfirms()
    const got = await channel.get(queue, { noAck: true })
    assert.equal(got && String(got.content), 'hello')
    assert.equal((await cluster.counts())['n4'], undefined)
  })

  test('a cell that moves ends no connection that another cell has let in', async () => {
    const clients = await Promise.all(nodes.map((node) => KafkaRawClient.connect(node.kafkaPort)))
    const before = await Promise.all(clients.map(ledBy))
    // Nodes keep their lowest cells, by which clients come in, and one of them gives its other cell away.
    await cluster.startNode('n5', ['--kafka-spread', 'true'])
    const hasCell = async (): Promise<boolean> => (await cluster.counts())['n5'] === 1
    await waitFor('the new node has a cell', hasCell, slowMsMax)
    const after = await Promise.all(clients.map(ledBy))
    assert.equal(before.flat().length, partitionCount)
    const givers = before.filter((led, at) => after[at]!.length < led.length)
    assert.equal(givers.length, 1, JSON.stringify([before, after]))
    for (const client of clients) await client[Symbol.asyncDispose]()
  })

  test('what was confirmed is there once and in order, whichever node is killed', async () => {
    const kafka = clientOf(...nodes)
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'steps', numPartitions: partitionCount }] })
    const producer = kafka.producer({
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    let next = 0
    const produceRound = async (): Promise<void> => {
      const value = String(next++)
      const messages = Array.from({ length: partitionCount }, (_, partition) => ({
        partition,
        value,
      }))
      await producer.send({ topic: 'steps', messages, acks: -1 })
    }
    for (let round = 0; round < 20; round++) await produceRound()
    const home = (await cluster.ownerOf(0)) as string
    const other = names.find((name) => name !== home) as string
    for (const victim of [other, home]) {
      await nodes[names.indexOf(victim)]!.kill()
      for (let round = 0; round < 20; round++) await produceRound()
    }
    await producer.disconnect()
    const consumer = kafka.consumer({ groupId: 'steps' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'steps', fromBeginning: true })
    const read = new Map<number, string[]>()
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const values = read.get(partition) ?? []
        values.push(String(message.value))
        read.set(partition, values)
      },
    })
    const count = (): number => [...read.values()].reduce((sum, { length }) => sum + length, 0)
    await waitFor('all are read', () => count() >= next * partitionCount, 30_000)
    const all = Array.from({ length: next }, (_, n) => String(n))
    for (let partition = 0; partition < partitionCount; partition++) {
      assert.deepEqual(read.get(partition), all, `partition ${partition}`)
    }
    await consumer.disconnect()
    await admin.disconnect()
  })
})
