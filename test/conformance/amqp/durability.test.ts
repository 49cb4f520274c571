// Facts 1.3, design 2: what was confirmed is there after a clean restart and after kill -9.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

type Restart = (broker: TestBroker) => Promise<void>

const restarts: Record<string, Restart> = {
  'a clean restart': async (broker) => {
    assert.equal(await broker.stop(), 0)
    await broker.restart()
  },
  'kill -9 and a restart': async (broker) => {
    await broker.kill()
    await broker.restart()
  },
}

for (const [name, restart] of Object.entries(restarts)) {
  describe(`after ${name}`, onlyPabal, () => {
    let broker: TestBroker
    before(async () => {
      broker = await TestBroker.start()
    })
    after(() => broker[Symbol.asyncDispose]())

    it('durable exchanges, queues, bindings and their messages are there', async () => {
      await fillDurable(broker)
      await restart(broker)
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      await channel.assertExchange('events', 'topic', { durable: true, alternateExchange: 'rest' })
      await channel.assertExchange('rest', 'fanout', { durable: true })
      const options = { durable: true, arguments: { 'x-max-length': 1000 } }
      assert.equal((await channel.assertQueue('mail', options)).messageCount, 20)
      const inbox = await Inbox.consume(channel, 'mail', { noAck: true })
      await inbox.received(20)
      assert.deepEqual(
        inbox.bodies,
        Array.from({ length: 20 }, (_, n) => `${n}`),
      )
      for (const [index, message] of inbox.messages.entries()) {
        assert.equal(message.fields.exchange, 'events')
        assert.equal(message.fields.routingKey, `user.${index}`)
        assert.equal(message.properties.headers?.['n'], index)
      }
      channel.publish('events', 'unmatched', Buffer.from('to the rest'))
      assert.ok(await channel.get('rest', { noAck: true }))
    })

    it('acked messages are gone, the others are there in order, delivered ones redelivered', async () => {
      await halfAcked(broker)
      await restart(broker)
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      const inbox = await Inbox.consume(channel, 'half', { noAck: true })
      await inbox.received(7)
      assert.deepEqual(inbox.bodies, ['1', '3', '5', '6', '7', '8', '9'])
      const flags = inbox.messages.slice(0, 3).map((message) => message.fields.redelivered)
      assert.deepEqual(flags, [true, true, true])
    })

    it('transient, exclusive and auto-delete things are gone', async () => {
      {
        await using session = await AmqpSession.open(broker.url)
        const channel = await session.confirmChannel()
        await channel.assertQueue('transient', { durable: false })
        await channel.assertExchange('passing', 'fanout', { durable: false })
        await channel.bindQueue('transient', 'passing', '')
        channel.sendToQueue('transient', Buffer.from('x'), { persistent: true })
        await channel.waitForConfirms()
      }
      await restart(broker)
      await using session = await AmqpSession.open(broker.url)
      await assert.rejects((await session.channel()).checkQueue('transient'), /404/)
      await assert.rejects((await session.channel()).checkExchange('passing'), /404/)
    })

    it('what was deleted and unbound stays so', async () => {
      {
        await using session = await AmqpSession.open(broker.url)
        const channel = await session.channel()
        for (const queue of ['kept', 'deleted']) {
          await channel.assertQueue(queue, { durable: true })
          await channel.bindQueue(queue, 'amq.topic', 'news')
        }
        await channel.unbindQueue('kept', 'amq.topic', 'news')
        await channel.deleteQueue('deleted')
      }
      await restart(broker)
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      channel.publish('amq.topic', 'news', Buffer.from('x'))
      await channel.waitForConfirms()
      assert.equal((await channel.checkQueue('kept')).messageCount, 0)
      await assert.rejects(channel.checkQueue('deleted'), /404/)
    })

    it('large and empty bodies are there', async () => {
      await restart(broker)
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue('large', { durable: true })
      const body = Buffer.alloc(3 * 1024 * 1024, 'pabal')
      channel.sendToQueue('large', body, { persistent: true })
      channel.sendToQueue('large', Buffer.alloc(0), { persistent: true })
      await channel.waitForConfirms()
      await restart(broker)
      await using again = await AmqpSession.open(broker.url)
      const inbox = await Inbox.consume(await again.channel(), 'large')
      const [large, empty] = await inbox.received(2)
      assert.ok(large?.content.equals(body))
      assert.equal(empty?.content.length, 0)
    })
  })
}

async function fillDurable(broker: TestBroker): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  await channel.assertExchange('rest', 'fanout', { durable: true })
  await channel.assertExchange('events', 'topic', { durable: true, alternateExchange: 'rest' })
  await channel.assertExchange('copies', 'fanout', { durable: true })
  await channel.bindExchange('copies', 'events', 'user.*')
  await channel.assertQueue('mail', { durable: true, arguments: { 'x-max-length': 1000 } })
  await channel.bindQueue('mail', 'copies', '')
  await channel.assertQueue('rest', { durable: true })
  await channel.bindQueue('rest', 'rest', '')
  for (let n = 0; n < 20; n += 1)
    channel.publish('events', `user.${n}`, Buffer.from(`${n}`), {
      persistent: n % 2 === 0,
      headers: { n },
    })
  await channel.waitForConfirms()
}

async function halfAcked(broker: TestBroker): Promise<void> {
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  await channel.assertQueue('half', { durable: true })
  for (let n = 0; n < 10; n += 1)
    channel.sendToQueue('half', Buffer.from(`${n}`), { persistent: true })
  await channel.waitForConfirms()
  await channel.prefetch(6)
  const inbox = await Inbox.consume(channel, 'half')
  await inbox.received(6)
  for (const index of [0, 2, 4]) {
    const message = inbox.messages[index]
    assert.ok(message)
    channel.ack(message)
  }
  // A confirm comes only after everything before it is on disk, the acks too.
  await channel.assertQueue('marker', { durable: true })
  channel.sendToQueue('marker', Buffer.from('x'), { persistent: true })
  await channel.waitForConfirms()
}
