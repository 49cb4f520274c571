// Facts 1.3: publishing, mandatory returns and confirms.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: BrokerUnderTest
let session: AmqpSession
before(async () => {
  broker = await startBrokerUnderTest()
  session = await AmqpSession.open(broker.url)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

describe('bodies', () => {
  for (const size of [0, 1, 4088, 131064, 131065, 5 * 1024 * 1024]) {
    it(`of ${size} bytes arrive as they were sent`, async () => {
      const channel = await session.confirmChannel()
      const { queue } = await channel.assertQueue('', { exclusive: true })
      const body = Buffer.alloc(size)
      for (let at = 0; at < size; at += 1) body[at] = (at * 31 + (at >> 8)) & 0xff
      channel.sendToQueue(queue, body, { persistent: true })
      await channel.waitForConfirms()
      const message = await channel.get(queue)
      assert.ok(message)
      assert.ok(message.content.equals(body))
      channel.ack(message)
    })
  }

  it('of 5 MiB arrive through frames of 4096 bytes', async () => {
    await using small = await AmqpSession.open(`${broker.url}?frameMax=4096`)
    const channel = await small.confirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    const body = Buffer.alloc(5 * 1024 * 1024, 'pabal')
    channel.sendToQueue(queue, body)
    await channel.waitForConfirms()
    const message = await channel.get(queue, { noAck: true })
    assert.ok(message && message.content.equals(body))
  })

  it('above max_message_size are refused with 406', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    const size = 16 * 1024 * 1024
    channel.sendToQueue(queue, Buffer.alloc(size + 1))
    const error = await channelClosed(channel)
    assert.deepEqual([error.code, error.classId, error.methodId], [406, 60, 40])
    assert.equal(
      replyText(error),
      `PRECONDITION_FAILED - message size ${size + 1} is larger than configured max size ${size}`,
    )
    const other = await session.channel()
    assert.equal((await other.checkQueue(queue)).messageCount, 0)
  })
})

describe('mandatory', () => {
  it('returns what no queue takes, with its content, before the confirm', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(1, 'confirm.select')
    const routingKey = uniqueName('nowhere')
    client.publish(1, { routingKey, mandatory: true }, 'lost')
    const returned = await client.expectMessage(1, 'basic.return')
    assert.deepEqual(returned.method.args, {
      replyCode: 312,
      replyText: 'NO_ROUTE',
      exchange: '',
      routingKey,
    })
    assert.equal(returned.body.toString(), 'lost')
    const { args } = await client.expect(1, 'basic.ack')
    assert.equal(args['deliveryTag'], 1)
  })

  it('returns nothing that a queue takes', async () => {
    const channel = await session.confirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    let returned = 0
    channel.on('return', () => (returned += 1))
    channel.sendToQueue(queue, Buffer.from('x'), { mandatory: true })
    await channel.waitForConfirms()
    assert.equal(returned, 0)
  })

  it('keeps the properties of what it returns', async () => {
    const channel = await session.channel()
    const options = { mandatory: true, messageId: 'm', headers: { n: 1 }, persistent: true }
    const returned = new Promise<{ properties: object; content: Buffer }>((resolve) =>
      channel.on('return', resolve),
    )
    channel.publish('amq.direct', uniqueName('nowhere'), Buffer.from('lost'), options)
    const { properties, content } = await returned
    assert.equal(content.toString(), 'lost')
    assert.partialDeepStrictEqual(properties, {
      messageId: 'm',
      headers: { n: 1 },
      deliveryMode: 2,
    })
  })

  it('unset drops what no queue takes', async () => {
    const channel = await session.confirmChannel()
    let returned = 0
    channel.on('return', () => (returned += 1))
    channel.publish('amq.fanout', uniqueName('nowhere'), Buffer.from('x'))
    channel.publish('amq.direct', uniqueName('nowhere'), Buffer.from('x'))
    await channel.waitForConfirms()
    assert.equal(returned, 0)
  })
})

describe('confirms', () => {
  it('number publishes from 1 and cover each exactly once', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.publish(1, { routingKey: queue as string }, 'before select, not counted')
    await client.call(1, 'confirm.select')
    await client.call(1, 'confirm.select')
    const total = 1000
    for (let n = 0; n < total; n += 1)
      client.publish(1, { routingKey: n % 3 ? (queue as string) : 'nowhere' }, `${n}`)
    const open = new Set(Array.from({ length: total }, (_, n) => n + 1))
    while (open.size > 0) {
      const { args } = await client.expect(1, 'basic.ack')
      const tag = args['deliveryTag'] as number
      assert.ok(tag <= total)
      const first = args['multiple'] ? 1 : tag
      let confirmed = 0
      for (let each = first; each <= tag; each += 1) confirmed += open.delete(each) ? 1 : 0
      assert.ok(confirmed > 0, `tag ${tag} confirmed twice`)
    }
  })

  it('come for persistent and transient messages on all kinds of queue', async () => {
    const channel = await session.confirmChannel()
    const queues = [
      { name: uniqueName('durable'), options: { durable: true } },
      { name: uniqueName('transient'), options: { durable: false, autoDelete: true } },
      { name: uniqueName('exclusive'), options: { exclusive: true } },
    ]
    for (const { name, options } of queues) {
      await channel.assertQueue(name, options)
      for (const persistent of [true, false])
        channel.sendToQueue(name, Buffer.from('x'), { persistent })
      await channel.waitForConfirms()
      assert.equal((await channel.checkQueue(name)).messageCount, 2)
      await channel.deleteQueue(name)
    }
  })

  it('come when the queue is deleted or purged meanwhile', async () => {
    const channel = await session.confirmChannel()
    const other = await session.channel()
    const name = uniqueName('deleted')
    await channel.assertQueue(name, { durable: true })
    for (let n = 0; n < 200; n += 1) {
      channel.sendToQueue(name, Buffer.from(`${n}`), { persistent: true })
      if (n === 100) void other.purgeQueue(name)
      if (n === 150) void other.deleteQueue(name)
    }
    await channel.waitForConfirms()
  })

  it('are counted per channel', async () => {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(2, 'channel.open')
    for (const channel of [1, 2]) await client.call(channel, 'confirm.select')
    for (const channel of [1, 2]) {
      client.publish(channel, { exchange: 'amq.fanout' }, 'x')
      const { args } = await client.expect(channel, 'basic.ack')
      assert.equal(args['deliveryTag'], 1)
    }
  })

  it('of a message delivered to a consumer come too', async () => {
    const channel = await session.confirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    let received = 0
    await channel.consume(queue, () => (received += 1), { noAck: true })
    for (let n = 0; n < 100; n += 1) channel.sendToQueue(queue, Buffer.from('x'))
    await channel.waitForConfirms()
    await waitFor('100 deliveries', () => received === 100)
  })
})

describe('publishing', () => {
  it('to a missing exchange closes the channel; later publishes are dropped', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.publish(1, { exchange: 'missing', routingKey: 'k' }, 'lost')
    client.publish(1, { routingKey: queue as string }, 'dropped')
    const close = await client.expectClose(1)
    assert.deepEqual(close, {
      scope: 'channel',
      code: 404,
      text: "NOT_FOUND - no exchange 'missing' in vhost '/'",
      classId: 60,
      methodId: 40,
    })
    await client.call(1, 'channel.open')
    const state = await client.call(1, 'queue.declare', { queue: queue as string, passive: true })
    assert.equal(state['messageCount'], 0)
  })

  it('keeps the order of one channel through one queue', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    const bodies = Array.from({ length: 2000 }, (_, n) => `${n}`)
    for (const body of bodies)
      channel.sendToQueue(queue, Buffer.from(body), { persistent: Number(body) % 2 === 0 })
    const received: string[] = []
    await channel.consume(queue, (message) => received.push(String(message?.content)), {
      noAck: true,
    })
    await waitFor('2000 deliveries', () => received.length === bodies.length)
    assert.deepEqual(received, bodies)
  })

  it('sends copies to the keys in CC and BCC, and strips BCC', async () => {
    const channel = await session.channel()
    const queues: string[] = []
    for (let n = 0; n < 3; n += 1)
      queues.push((await channel.assertQueue('', { exclusive: true })).queue)
    const [to, copy, blind] = queues
    assert.ok(to && copy && blind)
    channel.sendToQueue(to, Buffer.from('x'), { CC: [copy], BCC: [blind] })
    for (const queue of queues) {
      const message = await channel.get(queue, { noAck: true })
      assert.ok(message)
      assert.deepEqual(message.properties.headers, { CC: [copy] })
      assert.equal(message.fields.routingKey, to)
    }
  })

  it('accepts the user-id of the connection', async () => {
    const channel = await session.confirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    channel.sendToQueue(queue, Buffer.from('x'), { userId: 'guest' })
    await channel.waitForConfirms()
    const message = await channel.get(queue)
    assert.equal(message && message.properties.userId, 'guest')
  })
})
