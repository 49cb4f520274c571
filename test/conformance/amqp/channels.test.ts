// Facts 1.1 and 1.2: the life of channels.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession, channelClosed } from '../../support/amqp-session.ts'
import { type BrokerUnderTest, startBrokerUnderTest } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { RawClient } from '../../support/raw-client.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

describe('channels', () => {
  it('may have any number, and as many as the negotiated channel_max', async () => {
    await using client = await RawClient.open(broker.port, { channelMax: 3 })
    for (const channel of [1, 3, 2]) await client.call(channel, 'channel.open')
    client.send(4, 'channel.open')
    const close = await client.expectClose(4)
    assert.deepEqual([close.scope, close.code], ['connection', 530])
    assert.equal(
      close.text,
      'NOT_ALLOWED - number of channels opened (3) has reached the negotiated channel_max (3)',
    )
  })

  it('can all be open at once, 2047 by default', async () => {
    await using session = await AmqpSession.open(broker.url)
    const opening = Array.from({ length: 2047 }, () => session.channel())
    const channels = await Promise.all(opening)
    const [first, last] = [channels[0], channels[2046]]
    assert.ok(first && last)
    const { queue } = await first.assertQueue('', { exclusive: true })
    assert.equal((await last.checkQueue(queue)).queue, queue)
  })

  it('can be closed and their number used again', async () => {
    await using client = await RawClient.open(broker.port)
    for (let n = 0; n < 50; n += 1) {
      await client.call(7, 'channel.open')
      await client.call(7, 'channel.close', { replyCode: 200, replyText: 'done' })
    }
    await client.call(7, 'channel.open')
  })

  it('that the server closed can be opened again after close-ok', async () => {
    await using client = await RawClient.openChannel(broker.port)
    for (let n = 0; n < 3; n += 1) {
      client.send(1, 'queue.declare', { queue: 'missing', passive: true })
      assert.equal((await client.expectClose(1)).code, 404)
      await client.call(1, 'channel.open')
    }
  })

  it('that the server closed ignore everything but close and close-ok', async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.send(1, 'queue.declare', { queue: 'missing', passive: true })
    await client.expect(1, 'channel.close')
    client.send(1, 'queue.declare', { exclusive: true })
    client.publish(1, { routingKey: 'nowhere' }, 'ignored')
    client.send(1, 'basic.ack', { deliveryTag: 99 })
    client.send(1, 'channel.close-ok')
    await client.call(1, 'channel.open')
  })

  it('that both sides close at once are closed', async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.send(1, 'queue.declare', { queue: 'missing', passive: true })
    await client.expect(1, 'channel.close')
    client.send(1, 'channel.close', { replyCode: 200, replyText: 'me too' })
    await client.expect(1, 'channel.close-ok')
    client.send(1, 'channel.close-ok')
    await client.call(1, 'channel.open')
  })

  it('closed by the server leave the other channels of the connection open', async () => {
    await using session = await AmqpSession.open(broker.url)
    const [failing, working] = [await session.channel(), await session.channel()]
    const { queue } = await working.assertQueue('', { exclusive: true })
    const inbox = await Inbox.consume(working, queue, { noAck: true })
    await assert.rejects(failing.checkQueue('missing'), /404/)
    assert.equal((await channelClosed(failing)).code, 404)
    working.sendToQueue(queue, Buffer.from('still here'))
    await inbox.received(1)
  })

  it('give back their unacked messages when they close', async () => {
    await using session = await AmqpSession.open(broker.url)
    const [first, second] = [await session.channel(), await session.channel()]
    const { queue } = await first.assertQueue('', { exclusive: true })
    first.sendToQueue(queue, Buffer.from('one'))
    assert.ok(await first.get(queue))
    await first.close()
    const message = await second.get(queue)
    assert.ok(message)
    assert.equal(message.fields.redelivered, true)
  })

  it('close on channel.close from the client whatever is in flight', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    await client.call(1, 'basic.consume', { queue: queue as string })
    for (let n = 0; n < 100; n += 1) client.publish(1, { routingKey: queue as string }, `${n}`)
    client.send(1, 'channel.close', { replyCode: 200, replyText: 'done' })
    for (;;) {
      const frame = await client.next()
      if (frame.kind === 'method' && frame.name === 'channel.close-ok') break
      assert.notEqual(frame.kind, 'closed')
    }
    const { messageCount } = await client
      .call(2, 'channel.open')
      .then(() => client.call(2, 'queue.declare', { queue: queue as string, passive: true }))
    assert.equal(messageCount, 100)
  })
})

describe('channel.flow', () => {
  it('is answered when it asks for more', async () => {
    await using client = await RawClient.openChannel(broker.port)
    assert.deepEqual(await client.call(1, 'channel.flow', { active: true }), { active: true })
  })
})

describe('access.request', () => {
  it('is answered with ticket 1', async () => {
    await using client = await RawClient.openChannel(broker.port)
    assert.deepEqual(await client.call(1, 'access.request', { realm: '/data' }), { ticket: 1 })
  })
})
