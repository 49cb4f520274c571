// Facts 1.2 and section 2: the life of queues and of their bindings.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
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

describe('queue.declare', () => {
  it('answers with name, ready messages and consumers', async () => {
    const channel = await session.channel()
    const name = uniqueName('counted')
    assert.deepEqual(await channel.assertQueue(name, { durable: false, exclusive: true }), {
      queue: name,
      messageCount: 0,
      consumerCount: 0,
    })
    for (let n = 0; n < 3; n += 1) channel.sendToQueue(name, Buffer.from(`${n}`))
    assert.ok(await channel.get(name))
    assert.deepEqual(await channel.checkQueue(name), {
      queue: name,
      messageCount: 2,
      consumerCount: 0,
    })
    await channel.prefetch(1)
    await Inbox.consume(channel, name)
    await waitFor('consumer is counted', async () => {
      const { consumerCount, messageCount } = await channel.checkQueue(name)
      return consumerCount === 1 && messageCount === 1
    })
  })

  it('again gives the counts of the queue that is there', async () => {
    const channel = await session.channel()
    const name = uniqueName('again')
    await channel.assertQueue(name, { exclusive: true })
    channel.sendToQueue(name, Buffer.from('x'))
    const { messageCount } = await channel.assertQueue(name, { exclusive: true })
    assert.equal(messageCount, 1)
  })

  it('without a name makes one up', async () => {
    const channel = await session.channel()
    const names = new Set<string>()
    for (let n = 0; n < 3; n += 1) {
      const { queue } = await channel.assertQueue('', { exclusive: true })
      assert.match(queue, /^amq\.gen-[\w-]{22}$/)
      names.add(queue)
    }
    assert.equal(names.size, 3)
  })

  it('drops line breaks from the name', async () => {
    const channel = await session.channel()
    const name = uniqueName('lines')
    const { queue } = await channel.assertQueue(`\r${name}\n`, { exclusive: true })
    assert.equal(queue, name)
  })

  it('with no-wait is not answered', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = uniqueName('no-wait')
    client.send(1, 'queue.declare', { queue, exclusive: true, noWait: true })
    client.send(1, 'queue.bind', { queue, exchange: 'amq.fanout', noWait: true })
    client.send(1, 'queue.purge', { queue, noWait: true })
    client.send(1, 'exchange.declare', { exchange: queue, type: 'fanout', noWait: true })
    client.send(1, 'exchange.bind', { destination: queue, source: 'amq.fanout', noWait: true })
    client.send(1, 'exchange.unbind', { destination: queue, source: 'amq.fanout', noWait: true })
    client.send(1, 'exchange.delete', { exchange: queue, noWait: true })
    client.send(1, 'confirm.select', { noWait: true })
    await client.call(1, 'queue.declare', { queue, passive: true })
    client.send(1, 'queue.delete', { queue, noWait: true })
    await client.call(1, 'queue.delete', { queue })
  })
})

describe('the empty queue name', () => {
  it('is the last queue declared on this channel', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.publish(1, { routingKey: queue as string }, 'one')
    client.publish(1, { routingKey: queue as string }, 'two')
    await client.call(1, 'queue.bind', { exchange: 'amq.topic', routingKey: 'some.key' })
    client.send(1, 'basic.get', { noAck: true })
    assert.equal((await client.expectMessage(1, 'basic.get-ok')).body.toString(), 'one')
    assert.deepEqual(await client.call(1, 'queue.purge'), { messageCount: 1 })
    await client.call(1, 'queue.unbind', { exchange: 'amq.topic', routingKey: 'some.key' })
    await client.call(1, 'basic.consume', { consumerTag: 'mine' })
    await client.call(1, 'basic.cancel', { consumerTag: 'mine' })
    await client.call(1, 'queue.delete')
  })

  it('with an empty routing key binds by the name of that queue', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    await client.call(1, 'queue.bind', { exchange: 'amq.direct' })
    client.publish(1, { exchange: 'amq.direct', routingKey: queue as string }, 'found')
    client.send(1, 'basic.get', { noAck: true })
    assert.equal((await client.expectMessage(1, 'basic.get-ok')).body.toString(), 'found')
  })
})

describe('an exclusive queue', () => {
  it('is gone when its connection has closed, and its name free at once', async () => {
    const name = uniqueName('exclusive')
    for (let n = 0; n < 5; n += 1) {
      const owner = await AmqpSession.open(broker.url)
      const channel = await owner.channel()
      await channel.assertQueue(name, { exclusive: true })
      channel.sendToQueue(name, Buffer.from('x'))
      await owner.model.close()
    }
    const channel = await session.channel()
    await assert.rejects(channel.checkQueue(name), /404/)
  })

  it('is gone soon after its connection broke', async () => {
    const name = uniqueName('exclusive')
    {
      await using client = await RawClient.openChannel(broker.port)
      await client.call(1, 'queue.declare', { queue: name, exclusive: true })
    }
    await waitFor('queue is gone', async () => {
      const channel = await session.channel()
      return channel.checkQueue(name).then(
        () => false,
        (error: Error) => /404/.test(error.message),
      )
    })
  })

  it('is shared by the channels of its connection', async () => {
    const name = uniqueName('exclusive')
    const [first, second] = [await session.channel(), await session.channel()]
    await first.assertQueue(name, { exclusive: true })
    await second.checkQueue(name)
    await first.close()
    await second.deleteQueue(name)
  })

  it('takes messages from other connections', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await using other = await AmqpSession.open(broker.url)
    const publisher = await other.confirmChannel()
    publisher.sendToQueue(queue, Buffer.from('from outside'))
    await publisher.waitForConfirms()
    assert.ok(await channel.get(queue))
  })
})

describe('an auto-delete queue', () => {
  it('stays while it never had a consumer', async () => {
    const channel = await session.channel()
    const name = uniqueName('auto')
    await channel.assertQueue(name, { durable: false, autoDelete: true })
    const other = await session.channel()
    await other.checkQueue(name)
    assert.equal(await channel.get(name), false)
    await other.deleteQueue(name)
  })

  it('goes when its last consumer is cancelled', async () => {
    const channel = await session.channel()
    const name = uniqueName('auto')
    await channel.assertQueue(name, { durable: false, autoDelete: true })
    const [first, second] = [await Inbox.consume(channel, name), await Inbox.consume(channel, name)]
    await channel.cancel(first.consumerTag)
    await channel.checkQueue(name)
    await channel.cancel(second.consumerTag)
    await assert.rejects(channel.checkQueue(name), /404/)
  })

  it('goes when the channel of its last consumer closes', async () => {
    const [channel, other] = [await session.channel(), await session.channel()]
    const name = uniqueName('auto')
    await channel.assertQueue(name, { durable: false, autoDelete: true })
    await Inbox.consume(channel, name)
    await channel.close()
    await assert.rejects(other.checkQueue(name), /404/)
  })

  it('goes when the connection of its last consumer closes', async () => {
    const name = uniqueName('auto')
    const owner = await AmqpSession.open(broker.url)
    const channel = await owner.channel()
    await channel.assertQueue(name, { durable: false, autoDelete: true })
    await Inbox.consume(channel, name)
    await owner.model.close()
    const other = await session.channel()
    await assert.rejects(other.checkQueue(name), /404/)
  })
})

describe('bindings', () => {
  it('made twice are one', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    const key = uniqueName('key')
    await channel.bindQueue(queue, 'amq.direct', key)
    await channel.bindQueue(queue, 'amq.direct', key)
    await channel.unbindQueue(queue, 'amq.direct', key)
    channel.publish('amq.direct', key, Buffer.from('lost'))
    assert.equal((await channel.checkQueue(queue)).messageCount, 0)
  })

  it('that do not exist unbind without complaint, also of missing queues and exchanges', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.unbindQueue(queue, 'amq.direct', 'never bound')
    await channel.unbindQueue('missing queue', 'amq.direct', 'x')
    await channel.unbindQueue(queue, 'missing exchange', 'x')
    await channel.unbindExchange('missing', 'amq.fanout', 'x')
  })

  it('go with the queue', async () => {
    const channel = await session.confirmChannel()
    const [name, key] = [uniqueName('bound'), uniqueName('key')]
    await channel.assertQueue(name, { durable: false })
    await channel.bindQueue(name, 'amq.direct', key)
    await channel.deleteQueue(name)
    await channel.assertQueue(name, { durable: false, exclusive: true })
    channel.publish('amq.direct', key, Buffer.from('lost'))
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue(name)).messageCount, 0)
  })
})

describe('queue.purge', () => {
  it('drops ready messages, counts them, and leaves unacked ones', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    for (let n = 0; n < 5; n += 1) channel.sendToQueue(queue, Buffer.from(`${n}`))
    const unacked = await channel.get(queue)
    assert.ok(unacked)
    assert.deepEqual(await channel.purgeQueue(queue), { messageCount: 4 })
    assert.deepEqual(await channel.purgeQueue(queue), { messageCount: 0 })
    channel.nack(unacked)
    const message = await channel.get(queue)
    assert.equal(message && message.content.toString(), '0')
  })
})

describe('queue.delete', () => {
  it('answers with the number of ready messages', async () => {
    const channel = await session.channel()
    const name = uniqueName('deleted')
    await channel.assertQueue(name, { durable: false })
    for (let n = 0; n < 3; n += 1) channel.sendToQueue(name, Buffer.from('x'))
    assert.deepEqual(await channel.deleteQueue(name), { messageCount: 3 })
    await assert.rejects(channel.checkQueue(name), /404/)
  })

  it('of a missing queue succeeds', async () => {
    const channel = await session.channel()
    assert.deepEqual(await channel.deleteQueue(uniqueName('never-was')), { messageCount: 0 })
  })

  it('cancels its consumers', async () => {
    await using owner = await AmqpSession.open(broker.url)
    const channel = await owner.channel()
    const name = uniqueName('cancelled')
    await channel.assertQueue(name, { durable: false })
    const inboxes = [await Inbox.consume(channel, name), await Inbox.consume(channel, name)]
    const other = await session.channel()
    await other.deleteQueue(name)
    for (const inbox of inboxes) await inbox.cancelled()
    await channel.assertQueue('', { exclusive: true })
  })

  it('does not tell clients that cannot take a cancel', async () => {
    await using client = await RawClient.openChannel(broker.port, { clientProperties: {} })
    const queue = uniqueName('quiet')
    await client.call(1, 'queue.declare', { queue })
    await client.call(1, 'basic.consume', { queue, consumerTag: 'quiet' })
    const channel = await session.channel()
    await channel.deleteQueue(queue)
    await client.call(1, 'queue.declare', { exclusive: true })
  })

  it('sends basic.cancel with no-wait', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = uniqueName('told')
    await client.call(1, 'queue.declare', { queue })
    await client.call(1, 'basic.consume', { queue, consumerTag: 'told' })
    const channel = await session.channel()
    await channel.deleteQueue(queue)
    const { args } = await client.expect(1, 'basic.cancel')
    assert.deepEqual(args, { consumerTag: 'told', noWait: true })
  })

  it('if unused and if empty succeeds when it is', async () => {
    const channel = await session.channel()
    const name = uniqueName('unused')
    await channel.assertQueue(name, { durable: false })
    await channel.deleteQueue(name, { ifUnused: true, ifEmpty: true })
    await assert.rejects(channel.checkQueue(name), /404/)
  })

  it('if empty does not count what a client has and has not acked', async () => {
    const channel = await session.channel()
    const name = uniqueName('unacked')
    await channel.assertQueue(name, { durable: false })
    channel.sendToQueue(name, Buffer.from('x'))
    assert.ok(await channel.get(name))
    await channel.deleteQueue(name, { ifEmpty: true })
    await assert.rejects(channel.checkQueue(name), /404/)
  })

  it('gives acks of its messages no error', async () => {
    const channel = await session.channel()
    const name = uniqueName('deleted')
    await channel.assertQueue(name, { durable: false })
    channel.sendToQueue(name, Buffer.from('x'))
    const message = await channel.get(name)
    assert.ok(message)
    await channel.deleteQueue(name)
    channel.ack(message)
    await channel.assertQueue('', { exclusive: true })
  })
})
