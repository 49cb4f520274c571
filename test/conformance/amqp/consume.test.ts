// Facts 1.2 and section 2: consumers, dispatch between them, cancel.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { Inbox, settled } from '../../support/inbox.ts'
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

async function queueWith(channel: Channel, ...bodies: string[]): Promise<string> {
  const { queue } = await channel.assertQueue('', { exclusive: true })
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body))
  return queue
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`)

describe('a consumer', () => {
  it('gets waiting and new messages in the order they were published', async () => {
    const channel = await session.channel()
    const bodies = numbers(100)
    const queue = await queueWith(channel, ...bodies.slice(0, 50))
    const inbox = await Inbox.consume(channel, queue, { noAck: true })
    for (const body of bodies.slice(50)) channel.sendToQueue(queue, Buffer.from(body))
    await inbox.received(100)
    assert.deepEqual(inbox.bodies, bodies)
    const tags = inbox.messages.map((message) => message.fields.deliveryTag)
    assert.deepEqual(
      tags,
      bodies.map((_, n) => n + 1),
    )
  })

  it('gets exchange, routing key, tag and redelivered with each delivery', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    const key = uniqueName('key')
    await channel.bindQueue(queue, 'amq.direct', key)
    const inbox = await Inbox.consume(channel, queue, { consumerTag: 'my-tag' })
    channel.publish('amq.direct', key, Buffer.from('x'))
    const [message] = await inbox.received(1)
    assert.deepEqual(message?.fields, {
      consumerTag: 'my-tag',
      deliveryTag: 1,
      redelivered: false,
      exchange: 'amq.direct',
      routingKey: key,
    })
  })

  it('without a tag is given one', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    await using client = await RawClient.openChannel(broker.port)
    const own = await client.call(1, 'queue.declare', { exclusive: true })
    const { consumerTag } = await client.call(1, 'basic.consume', { queue: own['queue'] as string })
    assert.match(consumerTag as string, /^amq\.ctag-[\w-]{22}$/)
    await channel.deleteQueue(queue)
  })

  it('may use a tag that another channel uses', async () => {
    const [first, second] = [await session.channel(), await session.channel()]
    const queue = await queueWith(first)
    await Inbox.consume(first, queue, { consumerTag: 'same' })
    await Inbox.consume(second, queue, { consumerTag: 'same' })
    assert.equal((await first.checkQueue(queue)).consumerCount, 2)
  })

  it('may use a tag again after its cancel', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    for (let n = 0; n < 3; n += 1) {
      await Inbox.consume(channel, queue, { consumerTag: 'again' })
      await channel.cancel('again')
    }
  })

  it('gets deliveries after consume-ok, never before', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.publish(1, { routingKey: queue as string }, 'early')
    client.send(1, 'basic.consume', { queue: queue as string, consumerTag: 't', noAck: true })
    await client.expect(1, 'basic.consume-ok')
    await client.expectMessage(1, 'basic.deliver')
  })

  it('with no-wait chooses its own tag and gets no consume-ok', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.publish(1, { routingKey: queue as string }, 'now')
    client.send(1, 'basic.consume', { queue: queue as string, consumerTag: 'nw', noWait: true })
    const { method } = await client.expectMessage(1, 'basic.deliver')
    assert.equal(method.args['consumerTag'], 'nw')
    client.send(1, 'basic.cancel', { consumerTag: 'nw', noWait: true })
    const after = await client.call(1, 'queue.declare', { queue: queue as string, passive: true })
    assert.equal(after['consumerCount'], 0)
  })

  it('gets what it published itself, whatever no-local says', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    const inbox = await Inbox.consume(channel, queue, { noLocal: true, noAck: true })
    channel.sendToQueue(queue, Buffer.from('mine'))
    await inbox.received(1)
  })
})

describe('several consumers of a queue', () => {
  it('take turns, also on one channel', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    const inboxes: Inbox[] = []
    for (let n = 0; n < 3; n += 1) inboxes.push(await Inbox.consume(channel, queue))
    for (const body of numbers(30)) channel.sendToQueue(queue, Buffer.from(body))
    await waitFor('30 deliveries', () => inboxes.flatMap((inbox) => inbox.bodies).length === 30)
    for (const [index, inbox] of inboxes.entries())
      assert.deepEqual(
        inbox.bodies,
        numbers(30).filter((body) => Number(body) % 3 === index),
      )
  })

  it('take turns across connections', async () => {
    const name = uniqueName('shared')
    const channel = await session.confirmChannel()
    await channel.assertQueue(name, { durable: false, autoDelete: true })
    await using second = await AmqpSession.open(broker.url)
    await using third = await AmqpSession.open(broker.url)
    const inboxes = [
      await Inbox.consume(await second.channel(), name, { noAck: true }),
      await Inbox.consume(await third.channel(), name, { noAck: true }),
    ]
    for (const body of numbers(20)) {
      channel.sendToQueue(name, Buffer.from(body))
      await channel.waitForConfirms()
    }
    await waitFor('20 deliveries', () => inboxes.flatMap((inbox) => inbox.bodies).length === 20)
    for (const inbox of inboxes) assert.equal(inbox.bodies.length, 10)
  })

  it('are skipped while their prefetch is full', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    await channel.prefetch(1)
    const slow = await Inbox.consume(channel, queue)
    await channel.prefetch(0)
    const quick = await Inbox.consume(channel, queue)
    for (const body of numbers(10)) channel.sendToQueue(queue, Buffer.from(body))
    await quick.received(9)
    await settled(channel, queue)
    assert.equal(slow.bodies.length, 1)
  })
})

describe('an exclusive consumer', () => {
  it('keeps others out until it is cancelled', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    const inbox = await Inbox.consume(channel, queue, { exclusive: true })
    const refused = await session.channel()
    await assert.rejects(
      refused.consume(queue, () => {}),
      /403 .* in exclusive use/,
    )
    await channel.cancel(inbox.consumerTag)
    await Inbox.consume(channel, queue)
  })

  it('leaves basic.get to others', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel)
    await channel.prefetch(1)
    await Inbox.consume(channel, queue, { exclusive: true })
    for (const body of ['first', 'second']) channel.sendToQueue(queue, Buffer.from(body))
    await settled(channel, queue)
    const message = await (await session.channel()).get(queue)
    assert.equal(message && message.content.toString(), 'second')
  })
})

describe('basic.cancel', () => {
  it('ends deliveries; unacked messages stay with the channel', async () => {
    const channel = await session.channel()
    const queue = await queueWith(channel, 'one')
    const inbox = await Inbox.consume(channel, queue)
    const [message] = await inbox.received(1)
    assert.deepEqual(await channel.cancel(inbox.consumerTag), { consumerTag: inbox.consumerTag })
    channel.sendToQueue(queue, Buffer.from('two'))
    await settled(channel, queue)
    assert.deepEqual(inbox.bodies, ['one'])
    assert.equal((await channel.checkQueue(queue)).messageCount, 1)
    assert.ok(message)
    channel.ack(message)
    await channel.checkQueue(queue)
  })

  it('of an unknown tag is answered', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const answer = await client.call(1, 'basic.cancel', { consumerTag: 'nobody' })
    assert.deepEqual(answer, { consumerTag: 'nobody' })
  })

  it('is never followed by a delivery', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    for (const body of numbers(200)) client.publish(1, { routingKey: queue as string }, body)
    await client.call(1, 'basic.consume', { queue: queue as string, consumerTag: 'c' })
    client.send(1, 'basic.cancel', { consumerTag: 'c' })
    for (;;) {
      const frame = await client.next()
      if (frame.kind === 'method' && frame.name === 'basic.cancel-ok') break
    }
    client.publish(1, { routingKey: queue as string }, 'after')
    await client.call(1, 'queue.declare', { queue: queue as string, passive: true })
    await client.call(1, 'queue.declare', { queue: queue as string, passive: true })
  })
})

describe('queue.delete', () => {
  for (const durable of [true, false]) {
    it(`of a ${durable ? 'durable' : 'transient'} queue is answered before its consumers hear of it`, async () => {
      await using client = await RawClient.openChannel(broker.port)
      await client.call(2, 'channel.open')
      const queue = uniqueName('deleted')
      await client.call(1, 'queue.declare', { queue, durable })
      for (const consumerTag of ['a', 'b']) {
        await client.call(1, 'basic.consume', { queue, consumerTag })
      }
      await client.call(1, 'queue.delete', { queue })
      for (const consumerTag of ['a', 'b']) {
        const cancel = await client.expect(1, 'basic.cancel')
        assert.equal(cancel.args['consumerTag'], consumerTag)
      }
      await client.call(2, 'queue.declare', { queue, durable })
      await client.call(1, 'basic.consume', { queue, consumerTag: 'a' })
      client.send(2, 'queue.delete', { queue, noWait: true })
      await client.expect(1, 'basic.cancel')
    })
  }

  it('with no-wait tells the consumers of its channel all the same', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = uniqueName('deleted')
    await client.call(1, 'queue.declare', { queue, durable: true })
    await client.call(1, 'basic.consume', { queue, consumerTag: 'a' })
    client.send(1, 'queue.delete', { queue, noWait: true })
    await client.expect(1, 'basic.cancel')
  })
})

describe('a consumer that does not read', () => {
  it('holds up nobody else', async () => {
    await using lazy = await RawClient.openChannel(broker.port)
    const { queue } = await lazy.call(1, 'queue.declare', { exclusive: true })
    await lazy.call(1, 'basic.consume', { queue: queue as string, noAck: true })
    lazy.pauseReading()
    const channel = await session.confirmChannel()
    const body = Buffer.alloc(256 * 1024, 'x')
    for (let n = 0; n < 64; n += 1) channel.sendToQueue(queue as string, body)
    await channel.waitForConfirms()
    const own = await queueWith(channel, 'quick')
    assert.ok(await channel.get(own))
    lazy.resumeReading()
    for (let n = 0; n < 64; n += 1) {
      const message = await lazy.expectMessage(1, 'basic.deliver')
      assert.equal(message.body.length, body.length)
    }
  })
})
