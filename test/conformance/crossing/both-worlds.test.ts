// Both protocols on one broker, through clients that others wrote: amqplib and kafkajs.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { CompressionTypes, type IHeaders, Kafka, logLevel, type Message } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: RunningBroker
let session: AmqpSession
let kafka: Kafka

before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 'off',
  })
  session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']?.port}`)
  kafka = new Kafka({
    brokers: [`127.0.0.1:${broker.addresses['kafka']?.port}`],
    logLevel: logLevel.NOTHING,
  })
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

interface Seen {
  readonly partition: number
  readonly offset: string
  readonly key: string | undefined
  readonly value: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

function textOf(headers: IHeaders = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

/** The first `count` records of a topic, as a consumer group sees them. */
async function fetched(topic: string, count: number): Promise<Seen[]> {
  const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 50 })
  await consumer.connect()
  const seen: Seen[] = []
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message: { offset, key, value, headers } }) => {
      const [keyText, valueText] = [key?.toString(), value?.toString()]
      seen.push({ partition, offset, key: keyText, value: valueText, headers: textOf(headers) })
    },
  })
  await waitFor(`${count} records of ${topic}`, () => seen.length >= count)
  await consumer.disconnect()
  return seen
}

async function produce(
  topic: string,
  messages: Message[],
  compression: CompressionTypes = CompressionTypes.None,
): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages, compression })
  await producer.disconnect()
}

async function confirmed(publish: (channel: Channel) => void): Promise<void> {
  const channel = await session.confirmChannel()
  publish(channel)
  await channel.waitForConfirms()
  await channel.close()
}

describe('what AMQP publishes', () => {
  it('reaches a queue and a topic at once, and Kafka reads it from both', async () => {
    const channel = await session.channel()
    const [queue, topic] = [uniqueName('work'), uniqueName('events')]
    const exchange = uniqueName('exchange')
    await channel.assertQueue(queue)
    await channel.assertQueue(topic, { arguments: { 'x-queue-type': 'stream', 'x-partitions': 3 } })
    await channel.assertExchange(exchange, 'topic')
    for (const name of [queue, topic]) await channel.bindQueue(name, exchange, 'user.*')
    await confirmed((publisher) => {
      publisher.publish(exchange, 'user.created', Buffer.from('u1'), {
        contentType: 'text/plain',
        headers: { attempts: 3, trace: 't1' },
      })
    })
    for (const name of [queue, topic]) {
      const [seen] = await fetched(name, 1)
      assert.equal(seen?.key, 'user.created')
      assert.equal(seen?.value, 'u1')
      assert.deepEqual(seen?.headers, {
        'amqp.exchange': exchange,
        'amqp.routing-key': 'user.created',
        'amqp.content-type': 'text/plain',
        'amqp.header-types': '{"attempts":"byte"}',
        attempts: '3',
        trace: 't1',
      })
    }
    const inbox = await Inbox.consume(channel, queue)
    assert.deepEqual((await inbox.received(1)).length, 1)
  })

  it('is in the partition that a Kafka client would choose for its key', async () => {
    const channel = await session.channel()
    const topic = uniqueName('events')
    const args = { 'x-queue-type': 'stream', 'x-partitions': 6 }
    await channel.assertQueue(topic, { arguments: args })
    const keys = Array.from({ length: 12 }, (_, index) => `user-${index}`)
    await confirmed((publisher) => {
      for (const key of keys) {
        publisher.sendToQueue(topic, Buffer.from('amqp'), { headers: { 'x-key': key } })
      }
    })
    await produce(
      topic,
      keys.map((key) => ({ key, value: 'kafka' })),
    )
    const seen = await fetched(topic, 24)
    for (const key of keys) {
      const partitions = seen
        .filter((record) => record.key === key)
        .map((record) => record.partition)
      assert.equal(partitions.length, 2)
      assert.equal(partitions[0], partitions[1])
    }
  })
})

describe('what Kafka produces', () => {
  it('is read by AMQP as a stream, compressed or not, with its partition', async () => {
    const admin = kafka.admin()
    await admin.connect()
    const topic = uniqueName('orders')
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
    await admin.disconnect()
    await produce(topic, [{ key: 'k', value: 'plain', partition: 0, headers: { trace: 't' } }])
    await produce(topic, [{ key: 'k', value: 'zipped', partition: 1 }], CompressionTypes.GZIP)
    const channel = await session.channel()
    await channel.prefetch(10)
    await channel.assertQueue(topic, { arguments: { 'x-queue-type': 'stream' } })
    const inbox = await Inbox.consume(channel, topic, { arguments: { 'x-stream-offset': 'first' } })
    const messages = await inbox.received(2)
    const byPartition = new Map(
      messages.map((message) => [message.properties.headers?.['x-stream-partition'], message]),
    )
    assert.equal(byPartition.get(0)?.content.toString(), 'plain')
    assert.equal(byPartition.get(1)?.content.toString(), 'zipped')
    const { headers } = byPartition.get(0)?.properties ?? {}
    assert.equal(headers?.['x-key'], 'k')
    assert.equal(headers?.['trace'], 't')
    assert.equal(headers?.['x-stream-offset'], 0)
  })

  it('is work in a classic queue, and what is settled is a gap for Kafka', async () => {
    const channel = await session.channel()
    const queue = uniqueName('tasks')
    await channel.assertQueue(queue)
    await produce(
      queue,
      ['a', 'b', 'c'].map((value) => ({ value })),
    )
    await channel.prefetch(2)
    const inbox = await Inbox.consume(channel, queue)
    const [, second] = await inbox.received(2)
    channel.ack(second!)
    await inbox.received(3)
    await channel.checkQueue(queue)
    const seen = await fetched(queue, 2)
    assert.deepEqual(
      seen.map(({ value, offset }) => [value, offset]),
      [
        ['a', '0'],
        ['c', '2'],
      ],
    )
  })

  it('stays readable for Kafka when a queue that keeps it has settled it', async () => {
    const channel = await session.channel()
    const queue = uniqueName('kept')
    await channel.assertQueue(queue, { arguments: { 'x-retention-ms': 60_000 } })
    await produce(
      queue,
      ['a', 'b'].map((value) => ({ value })),
    )
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(2)
    channel.ackAll()
    await channel.checkQueue(queue)
    const seen = await fetched(queue, 2)
    assert.deepEqual(
      seen.map(({ value }) => value),
      ['a', 'b'],
    )
  })

  it('before AMQP declares the queue is the same as after', async () => {
    const queue = uniqueName('provisional')
    await produce(queue, [{ value: 'early' }])
    const channel = await session.channel()
    await channel.assertQueue(queue)
    await produce(queue, [{ value: 'late' }])
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(2)
    assert.deepEqual(inbox.bodies, ['early', 'late'])
  })

  it('counts for the limits of a queue, and a full one that refuses messages refuses it whole', async () => {
    const channel = await session.channel()
    const [small, shedding] = [uniqueName('small'), uniqueName('shedding')]
    const refusing = { 'x-max-length-bytes': 6, 'x-overflow': 'reject-publish' }
    await channel.assertQueue(small, { arguments: refusing })
    await channel.assertQueue(shedding, { arguments: { 'x-max-length-bytes': 6 } })
    const three = ['aa', 'bb', 'cc'].map((value) => ({ value }))
    await produce(small, three)
    await assert.rejects(produce(small, [{ value: 'd' }]), /POLICY_VIOLATION|policy/)
    const first = await channel.get(small)
    assert.ok(first !== false)
    channel.ack(first)
    await assert.rejects(produce(small, three.slice(1)), /POLICY_VIOLATION|policy/)
    await produce(small, three.slice(2))
    assert.equal((await channel.checkQueue(small)).messageCount, 3)
    await produce(shedding, [...three, { value: 'd' }])
    await waitFor('the first has left', async () => {
      return (await channel.checkQueue(shedding)).messageCount === 3
    })
  })
})
