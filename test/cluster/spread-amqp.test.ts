// Other protocols on topics whose partitions are spread over the cells of three nodes, through real clients: AMQP reads
// what Kafka has produced and Kafka what AMQP has published, whichever node each of them is at.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { type Channel, connect, type ChannelModel } from 'amqplib'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { MessagePageJson } from '../../src/admin/v1/browse-operations.ts'
import { spreadLimits } from '../../src/limits/spread.ts'
import { ClusterUnderTest } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const partitionCount = 6
const names = ['n1', 'n2', 'n3']
const waitMs = 30_000

describe('AMQP and HTTP on spread topics', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  let nodes: TestBroker[]
  let kafka: Kafka
  const connections: ChannelModel[] = []

  before(async () => {
    cluster = await ClusterUnderTest.start()
    const flags = ['--kafka-spread', 'true']
    nodes = await Promise.all(names.map((name) => cluster.startNode(name, flags)))
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
    kafka = new Kafka({
      clientId: 'spread',
      brokers: nodes.map((node) => `127.0.0.1:${node.portOf('kafka')}`),
      logLevel: logLevel.NOTHING,
      retry: { retries: 30, maxRetryTime: 1000 },
    })
    await create('events')
    await create('orders')
  })

  afterEach(async () => {
    // One may have gone with its node.
    await Promise.allSettled(connections.splice(0).map((connection) => connection.close()))
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  async function create(topic: string): Promise<void> {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions: partitionCount }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const leaders = topics[0]!.partitions.map(({ leader }) => leader)
    assert.equal(new Set(leaders).size, names.length)
    await admin.disconnect()
  }

  async function channelAt(node: number): Promise<Channel> {
    const connection = await connect(nodes[node]!.url)
    // A node that is killed takes it along.
    connection.on('error', () => undefined)
    connections.push(connection)
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    await channel.prefetch(200)
    return channel
  }

  /** The texts of what comes. */
  async function consume(channel: Channel, queue: string, args: object = {}): Promise<string[]> {
    const texts: string[] = []
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return
        texts.push(message.content.toString())
        channel.ack(message)
      },
      { arguments: args },
    )
    return texts
  }

  async function produce(from: number, count: number): Promise<string[]> {
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = Array.from({ length: count }, (_, n) => ({
      partition: n % partitionCount,
      value: `event ${from + n}`,
    }))
    await producer.send({ topic: 'events', messages })
    await producer.disconnect()
    return messages.map(({ value }) => value)
  }

  test('stream consumers and queues with a source get what Kafka produces, at every node', async () => {
    const produced = await produce(0, 600)
    const channels = await Promise.all([0, 1, 2].map((node) => channelAt(node)))
    const first = { 'x-stream-offset': 'first' }
    const streams = await Promise.all(channels.map((each) => consume(each, 'events', first)))
    const fromNow = await consume(channels[1]!, 'events', { 'x-stream-offset': 'next' })
    const args = { 'x-source': 'events', 'x-source-offset': 'first' }
    const { messageCount } = await channels[2]!.assertQueue('work', { arguments: args })
    assert.equal(messageCount, produced.length)
    const taken = await consume(channels[0]!, 'work')
    for (const texts of [...streams, taken]) {
      await waitFor('all have come', () => texts.length === produced.length, waitMs)
      assert.deepEqual(texts.toSorted(), produced.toSorted())
    }
    const later = await produce(600, 60)
    const begun = performance.now()
    for (const texts of [...streams, taken]) {
      await waitFor('what comes is there', () => texts.length === produced.length + 60, waitMs)
    }
    const ms = performance.now() - begun
    // Whoever is not woken would see it when a question of its own has come back without an answer.
    assert.ok(ms < spreadLimits.watchMs, `it came after ${ms} ms`)
    await waitFor('the last is told', () => fromNow.length === later.length, waitMs)
    assert.deepEqual(fromNow.toSorted(), later.toSorted())
    for (const channel of channels) await channel.close()
  })

  test('Kafka reads what AMQP publishes, in the order of each key', async () => {
    const connection = await connect(nodes[1]!.url)
    connections.push(connection)
    const channel = await connection.createConfirmChannel()
    const published = Array.from({ length: 500 }, (_, n) => ({
      key: `k${n % 20}`,
      value: `order ${n}`,
    }))
    for (const { key, value } of published) {
      channel.sendToQueue('orders', Buffer.from(value), { headers: { 'x-key': key } })
    }
    channel.sendToQueue('orders', Buffer.alloc(2_000_000, 'x'), { headers: { 'x-key': 'large' } })
    await channel.waitForConfirms()
    const consumer = kafka.consumer({ groupId: 'readers', maxBytesPerPartition: 4_000_000 })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    const read: { key: string; value: string }[] = []
    await consumer.run({
      eachMessage: async ({ message }) => {
        await Promise.resolve()
        read.push({ key: String(message.key), value: String(message.value) })
      },
    })
    await waitFor('all are read', () => read.length === published.length + 1, waitMs)
    const of = (all: typeof read, key: string): string[] =>
      all.filter((each) => each.key === key).map(({ value }) => value)
    for (let key = 0; key < 20; key++)
      assert.deepEqual(of(read, `k${key}`), of(published, `k${key}`))
    assert.equal(of(read, 'large')[0]?.length, 2_000_000)
    await consumer.disconnect()
  })

  test('HTTP shows a page of all partitions, at every node', async () => {
    for (const node of nodes) {
      const path = `/api/v1/streams/%2F/events/messages?order=newest&count=100`
      const response = await fetch(`http://127.0.0.1:${node.httpPort}${path}`, {
        headers: { authorization: `Basic ${btoa('guest:guest')}` },
      })
      assert.equal(response.status, 200, await response.clone().text())
      const { messages } = (await response.json()) as MessagePageJson
      assert.equal(messages.length, 100)
      assert.equal(new Set(messages.map(({ partition }) => partition)).size, partitionCount)
    }
  })

  test('what was confirmed to AMQP is there once and in order, whichever node is killed', async () => {
    await create('steps')
    const home = (await cluster.ownerOf(0)) as string
    const [other, stays] = names.filter((name) => name !== home) as [string, string]
    const at = names.indexOf(stays)
    const declaring = await channelAt(at)
    const args = { 'x-source': 'steps', 'x-source-offset': 'first' }
    await declaring.assertQueue('steps-work', { arguments: args })
    let next = 0
    const publishSome = async (): Promise<void> => {
      const connection = await waitFor(
        'the home is there',
        () => connect(nodes[at]!.url).catch(() => undefined),
        waitMs,
      )
      const channel = await connection.createConfirmChannel()
      for (let count = 0; count < 100; count++, next++) {
        const headers = { 'x-key': `k${next % 10}` }
        channel.sendToQueue('steps', Buffer.from(String(next)), { headers })
      }
      await channel.waitForConfirms()
      await connection.close()
    }
    await publishSome()
    for (const victim of [other, home]) {
      await nodes[names.indexOf(victim)]!.kill()
      await publishSome()
      await cluster.forgetCrashes()
    }
    await cluster.waitForCounts({ [stays]: 6 })
    const channel = await channelAt(at)
    const streamed = await consume(channel, 'steps', { 'x-stream-offset': 'first' })
    const taken = await consume(channel, 'steps-work')
    for (const texts of [streamed, taken]) {
      await waitFor('all have come', () => texts.length >= next, waitMs)
      const byKey = Array.from({ length: 10 }, (_, key) =>
        texts.filter((n) => Number(n) % 10 === key),
      )
      for (const [key, own] of byKey.entries()) {
        assert.deepEqual(
          own,
          Array.from({ length: next / 10 }, (_, n) => String(n * 10 + key)),
        )
      }
    }
  })
})
