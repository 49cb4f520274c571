// Facts 1.2 and 1.4, the streams rows: stream queues through AMQP, and what RabbitMQ lacks: partitions
// and named consumers. Topics are looked at from inside where Kafka would have to.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { partitionOfKey } from '../../../src/broker/topic/murmur2.ts'
import type { Partition } from '../../../src/broker/topic/partition.ts'
import { crcOfBatch, batchField } from '../../../src/record/batch/batch-header.ts'
import { batchHeaderSize } from '../../../src/record/batch/batch-header.ts'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { batchOf } from '../../support/crossing-run.ts'
import { Inbox } from '../../support/inbox.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: BrokerInProcess
let session: AmqpSession
before(async () => {
  broker = await BrokerInProcess.start()
  session = await AmqpSession.open(broker.url)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
  assert.deepEqual(broker.bugs, [])
})

interface Stream {
  readonly name: string
  readonly channel: Channel
  publish(...bodies: string[]): Promise<void>
}

async function stream(args: Record<string, unknown> = {}): Promise<Stream> {
  const channel = await session.channel()
  await channel.prefetch(1000)
  const publisher = await session.confirmChannel()
  const name = uniqueName('stream')
  await channel.assertQueue(name, { arguments: { 'x-queue-type': 'stream', ...args } })
  return {
    name,
    channel,
    publish: async (...bodies) => {
      for (const body of bodies) {
        publisher.sendToQueue(name, Buffer.from(body))
        await publisher.waitForConfirms()
      }
    },
  }
}

function consume(
  { channel, name }: { readonly channel: Channel; readonly name: string },
  args: Record<string, unknown>,
  options: { noAck?: boolean; consumerTag?: string } = {},
): Promise<Inbox> {
  return Inbox.consume(channel, name, { ...options, arguments: args })
}

const header = (message: ConsumeMessage | undefined, name: string): unknown =>
  message?.properties.headers?.[name]

const offsets = (inbox: Inbox): unknown[] =>
  inbox.messages.map((message) => header(message, 'x-stream-offset'))

/** The partitions of a topic, as a Kafka producer would write to them. */
function partitionsOf(name: string): readonly Partition[] {
  const vhost = broker.broker.getVHost('/')
  return broker.broker.topicsOf(vhost).find(name)?.partitions ?? []
}

function produce(partition: Partition, ...values: string[]): void {
  const timestamp = Date.now()
  const records = values.map((value, offset) => ({
    offset,
    timestamp,
    key: Buffer.from('k'),
    value: Buffer.from(value),
    headers: [{ key: 'trace', value: Buffer.from('t1') }],
  }))
  partition.produce(batchOf(records, 'gzip').bytes())
}

describe('a stream consumer', () => {
  it('starts at the offset it asks for', async () => {
    const it = await stream()
    await it.publish('a', 'b', 'c', 'd')
    const first = await consume(it, { 'x-stream-offset': 'first' })
    const last = await consume(it, { 'x-stream-offset': 'last' })
    const numbered = await consume(it, { 'x-stream-offset': 2 })
    const next = await consume(it, { 'x-stream-offset': 'next' })
    const byDefault = await consume(it, {})
    await it.publish('e')
    assert.deepEqual((await first.received(5)).length, 5)
    assert.deepEqual(first.bodies, ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual(offsets(first), [0, 1, 2, 3, 4])
    await last.received(2)
    assert.deepEqual(last.bodies, ['d', 'e'])
    await numbered.received(3)
    assert.deepEqual(numbered.bodies, ['c', 'd', 'e'])
    await next.received(1)
    await byDefault.received(1)
    assert.deepEqual([...next.bodies, ...byDefault.bodies], ['e', 'e'])
  })

  it('starts at a time or an age', async () => {
    const it = await stream()
    await it.publish('a')
    const past = { '!': 'timestamp', value: Math.floor(Date.now() / 1000) - 60 }
    const future = { '!': 'timestamp', value: Math.floor(Date.now() / 1000) + 3600 }
    const fromPast = await consume(it, { 'x-stream-offset': past })
    const fromAge = await consume(it, { 'x-stream-offset': '1h' })
    const fromFuture = await consume(it, { 'x-stream-offset': future })
    await fromPast.received(1)
    await fromAge.received(1)
    await it.publish('b')
    await fromFuture.received(1)
    assert.deepEqual(fromFuture.bodies, ['b'])
  })

  it('gets no more than its prefetch until it acks, and nothing twice', async () => {
    const it = await stream()
    await it.publish('a', 'b', 'c')
    await it.channel.prefetch(1)
    const inbox = await consume(it, { 'x-stream-offset': 'first' })
    const [first] = await inbox.received(1)
    await it.channel.checkQueue(it.name)
    assert.deepEqual(inbox.bodies, ['a'])
    it.channel.nack(first as ConsumeMessage, false, true)
    const [, second] = await inbox.received(2)
    it.channel.ack(second as ConsumeMessage)
    await inbox.received(3)
    assert.deepEqual(inbox.bodies, ['a', 'b', 'c'])
    assert.ok(inbox.messages.every(({ fields }) => !fields.redelivered))
  })

  it('leaves the messages to others', async () => {
    const it = await stream()
    await it.publish('a')
    const one = await consume(it, { 'x-stream-offset': 'first' })
    const [message] = await one.received(1)
    it.channel.ack(message as ConsumeMessage)
    const other = await consume(it, { 'x-stream-offset': 'first' })
    await other.received(1)
    assert.equal((await it.channel.checkQueue(it.name)).messageCount, 1)
    assert.equal((await it.channel.checkQueue(it.name)).consumerCount, 2)
  })

  it('is cancelled when the stream is deleted', async () => {
    const it = await stream()
    const inbox = await consume(it, {})
    const channel = await session.channel()
    await channel.deleteQueue(it.name)
    await inbox.cancelled()
  })

  it('keeps the headers of a message and replaces an old position', async () => {
    const it = await stream()
    it.channel.publish('', it.name, Buffer.from('x'), {
      contentType: 'text/plain',
      headers: { 'x-stream-offset': 99, colour: 'red' },
      messageId: 'm1',
    })
    const inbox = await consume(it, { 'x-stream-offset': 'first' })
    const [message] = await inbox.received(1)
    assert.equal(message?.properties.contentType, 'text/plain')
    assert.equal(message?.properties.messageId, 'm1')
    assert.deepEqual(message?.properties.headers, {
      colour: 'red',
      'x-stream-offset': 0,
      'x-stream-partition': 0,
    })
  })
})

describe('a stream queue', () => {
  it('may have a name that no topic can have; Kafka does not see it', async () => {
    const channel = await session.channel()
    const name = uniqueName('orders/eu:1')
    await channel.assertQueue(name, { arguments: { 'x-queue-type': 'stream' } })
    channel.sendToQueue(name, Buffer.from('x'))
    await channel.prefetch(1)
    const inbox = await consume({ channel, name }, { 'x-stream-offset': 'first' })
    await inbox.received(1)
    assert.deepEqual(partitionsOf(name), [])
  })

  it('cannot have more partitions than the broker allows', async () => {
    const channel = await session.channel()
    const closed = channelClosed(channel)
    const args = { 'x-queue-type': 'stream', 'x-partitions': 1_000_000 }
    await assert.rejects(channel.assertQueue(uniqueName('stream'), { arguments: args }))
    assert.match(replyText(await closed), /^PRECONDITION_FAILED - 1000000 partitions are more/)
  })
})

describe('a stream refuses', () => {
  it('consumers without a prefetch', async () => {
    const { name } = await stream()
    const channel = await session.channel()
    const closed = channelClosed(channel)
    await assert.rejects(consume({ channel, name }, {}))
    const error = await closed
    assert.equal(error.code, 406)
    assert.equal(
      replyText(error),
      `PRECONDITION_FAILED - consumer prefetch count is not set for stream queue '${name}' in vhost '/'`,
    )
  })

  const refused: readonly [string, (channel: Channel, name: string) => Promise<unknown>, string][] =
    [
      [
        'consumers that do not ack',
        (channel, name) => consume({ channel, name }, {}, { noAck: true }),
        'automatic acknowledgement not supported by stream queue',
      ],
      [
        'basic.get',
        (channel, name) => channel.get(name),
        'basic.get not supported by stream queues queue',
      ],
      [
        'purge',
        (channel, name) => channel.purgeQueue(name),
        'queue.purge not supported by stream queues queue',
      ],
    ]
  for (const [what, action, text] of refused) {
    it(what, async () => {
      const { name } = await stream()
      const own = await AmqpSession.open(broker.url)
      const channel = await own.channel()
      await channel.prefetch(1)
      await assert.rejects(action(channel, name))
      const error = await own.connectionClosed()
      assert.equal(error.code, 540)
      assert.equal(replyText(error), `NOT_IMPLEMENTED - ${text} '${name}' in vhost '/'`)
    })
  }

  it('a numeric offset without a partition when there are several', async () => {
    const it = await stream({ 'x-partitions': 3 })
    const closed = channelClosed(it.channel)
    await assert.rejects(consume(it, { 'x-stream-offset': 0 }))
    assert.match(
      replyText(await closed),
      /^PRECONDITION_FAILED - a numeric x-stream-offset needs x-stream-partition: stream queue .* has 3 partitions$/,
    )
  })

  it('a partition that is not there', async () => {
    const it = await stream({ 'x-partitions': 3 })
    const closed = channelClosed(it.channel)
    await assert.rejects(consume(it, { 'x-stream-partition': 3 }))
    assert.match(replyText(await closed), /no partition 3 in stream queue .*, which has 3$/)
  })
})

describe('a stream with partitions', () => {
  it('puts messages of one key into the partition that Kafka would choose', async () => {
    const it = await stream({ 'x-partitions': 6 })
    const inbox = await consume(it, { 'x-stream-offset': 'first' })
    await it.channel.bindQueue(it.name, 'amq.topic', '#')
    for (const key of ['u1', 'u2', 'u3']) {
      it.channel.publish('amq.topic', key, Buffer.from(key))
      it.channel.publish('', it.name, Buffer.from(key), { headers: { 'x-key': key } })
    }
    for (const message of await inbox.received(6)) {
      const wanted = partitionOfKey(message.content, 6)
      assert.equal(header(message, 'x-stream-partition'), wanted)
    }
  })

  it('spreads messages without a key', async () => {
    const it = await stream({ 'x-partitions': 3 })
    const inbox = await consume(it, { 'x-stream-offset': 'first' })
    await it.publish('a', 'b', 'c')
    const messages = await inbox.received(3)
    const partitions = messages.map((message) => header(message, 'x-stream-partition') as number)
    assert.deepEqual(
      partitions.toSorted((a, b) => a - b),
      [0, 1, 2],
    )
  })

  it('can be read one partition at a time, and by declarers who do not know how many there are', async () => {
    const it = await stream({ 'x-partitions': 3 })
    await it.channel.assertQueue(it.name, { arguments: { 'x-queue-type': 'stream' } })
    await it.publish('a', 'b', 'c', 'd')
    const inbox = await consume(it, { 'x-stream-offset': 1, 'x-stream-partition': 0 })
    await inbox.received(1)
    assert.deepEqual(inbox.bodies, ['d'])
    assert.deepEqual(offsets(inbox), [1])
  })

  it('gives its consumers partitions that are added later', async () => {
    const it = await stream()
    const inbox = await consume(it, {})
    const topics = broker.broker.topicsOf(broker.broker.getVHost('/'))
    topics.grow(topics.find(it.name)?.source as Parameters<typeof topics.grow>[0], 2)
    await it.publish('a', 'b')
    await inbox.received(2)
    assert.deepEqual(inbox.bodies.toSorted(), ['a', 'b'])
  })
})

describe('a named consumer', () => {
  const named = { 'x-consumer-name': 'billing/eu' }

  it('goes on where it was', async () => {
    const it = await stream()
    await it.publish('a', 'b')
    const first = await consume(it, { ...named, 'x-stream-offset': 'first' })
    const [message] = await first.received(2)
    it.channel.ack(message as ConsumeMessage)
    await it.channel.cancel(first.consumerTag)
    await it.publish('c')
    const second = await consume(it, named)
    await second.received(2)
    assert.deepEqual(second.bodies, ['b', 'c'])
  })

  it('misses nothing that was published while it was away', async () => {
    const it = await stream()
    await it.publish('a')
    const first = await consume(it, named)
    await it.channel.cancel(first.consumerTag)
    await it.publish('b')
    const second = await consume(it, named)
    await second.received(1)
    assert.deepEqual(second.bodies, ['b'])
  })

  it('is not moved by acks that leave a gap or by messages that come back', async () => {
    const it = await stream()
    await it.publish('a', 'b', 'c')
    const channel = await session.channel()
    await channel.prefetch(10)
    const first = await consume(
      { channel, name: it.name },
      { ...named, 'x-stream-offset': 'first' },
    )
    const [, second] = await first.received(3)
    channel.ack(second as ConsumeMessage)
    await channel.checkQueue(it.name)
    await channel.close()
    const again = await consume(it, named)
    await again.received(3)
    assert.deepEqual(again.bodies, ['a', 'b', 'c'])
  })
})

describe('what Kafka writes', () => {
  it('reaches stream consumers with key, headers and position', async () => {
    const it = await stream({ 'x-partitions': 2 })
    const inbox = await consume(it, { 'x-stream-offset': 'first' })
    produce(partitionsOf(it.name)[1] as Partition, 'one', 'two')
    const [, second] = await inbox.received(2)
    assert.deepEqual(inbox.bodies, ['one', 'two'])
    assert.equal(second?.fields.exchange, '')
    assert.equal(second?.fields.routingKey, it.name)
    const { headers = {}, timestamp } = second?.properties ?? {}
    assert.equal(timestamp, Math.floor((headers['x-timestamp-ms'] as number) / 1000))
    assert.equal(headers['x-key'], 'k')
    assert.equal(headers['trace'], 't1')
    assert.equal(headers['x-stream-offset'], 1)
    assert.equal(headers['x-stream-partition'], 1)
  })

  it('is work in a classic queue, to be acked', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('work'), { durable: true })
    produce(partitionsOf(queue)[0] as Partition, 'one', 'two')
    channel.sendToQueue(queue, Buffer.from('three'))
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(3)
    assert.deepEqual(inbox.bodies, ['one', 'two', 'three'])
    channel.ackAll()
    await waitFor(
      'the queue is empty',
      async () => (await channel.checkQueue(queue)).messageCount === 0,
    )
  })

  it('can be fetched with basic.get and comes back when it is requeued', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('work'), { durable: true })
    produce(partitionsOf(queue)[0] as Partition, 'one', 'two')
    const got = await channel.get(queue)
    assert.ok(got)
    channel.nack(got)
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(2)
    assert.deepEqual(inbox.bodies, ['one', 'two'])
    assert.deepEqual(
      inbox.messages.map(({ fields }) => fields.redelivered),
      [true, false],
    )
  })

  it('is a gap when it cannot be decoded', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('work'), { durable: true })
    const [partition] = partitionsOf(queue)
    const record = { offset: 0, timestamp: 1, key: null, value: Buffer.from('x'), headers: [] }
    const batch = Buffer.from(batchOf([record]).bytes())
    batch[batchHeaderSize] = 0x7f
    batch.writeUInt32BE(crcOfBatch(batch, batch.length), batchField.crc)
    // A partition refuses such records unless it is told that they are good.
    partition?.produce(batch, {
      checked: { maxTimestamp: 1, valuesSize: 0, hasDeliveryHeaders: false, refused: [] },
    })
    channel.sendToQueue(queue, Buffer.from('good'))
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(1)
    assert.deepEqual(inbox.bodies, ['good'])
    assert.equal(broker.crossing.undecodableCount, 1)
    channel.ackAll()
    await waitFor(
      'the queue is empty',
      async () => (await channel.checkQueue(queue)).messageCount === 0,
    )
  })
})
