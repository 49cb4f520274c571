// Section 2, qos semantics: limits per consumer and per channel.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import { type BrokerUnderTest, startBrokerUnderTest } from '../../support/broker-under-test.ts'
import { Inbox, settled } from '../../support/inbox.ts'

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

async function queueOf(channel: Channel, count: number): Promise<string> {
  const { queue } = await channel.assertQueue('', { exclusive: true })
  for (let n = 0; n < count; n += 1) channel.sendToQueue(queue, Buffer.from(`${n}`))
  return queue
}

async function assertReceived(channel: Channel, queue: string, inbox: Inbox, count: number) {
  await inbox.received(count)
  await settled(channel, queue)
  assert.equal(inbox.messages.length, count)
}

describe('prefetch per consumer', () => {
  it('limits unacked deliveries; each ack lets one more through', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 10)
    await channel.prefetch(3)
    const inbox = await Inbox.consume(channel, queue)
    await assertReceived(channel, queue, inbox, 3)
    for (const index of [1, 0, 2]) {
      const message = inbox.messages[index]
      assert.ok(message)
      channel.ack(message)
    }
    await assertReceived(channel, queue, inbox, 6)
  })

  it('is let through in bulk by a multiple ack', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 10)
    await channel.prefetch(4)
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(4)
    const third = inbox.messages[2]
    assert.ok(third)
    channel.ack(third, true)
    await assertReceived(channel, queue, inbox, 7)
  })

  it('holds for each consumer that is started later, not for earlier ones', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 0)
    await channel.prefetch(1)
    const first = await Inbox.consume(channel, queue)
    await channel.prefetch(2)
    const second = await Inbox.consume(channel, queue)
    for (let n = 0; n < 10; n += 1) channel.sendToQueue(queue, Buffer.from(`${n}`))
    await assertReceived(channel, queue, second, 2)
    await assertReceived(channel, queue, first, 1)
  })

  it('of 0 is no limit', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 500)
    await channel.prefetch(0)
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(500)
  })

  it('does not count no-ack deliveries', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 50)
    await channel.prefetch(1)
    const inbox = await Inbox.consume(channel, queue, { noAck: true })
    await inbox.received(50)
  })

  it('does not limit basic.get', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 5)
    await channel.prefetch(1)
    for (let n = 0; n < 5; n += 1) assert.ok(await channel.get(queue))
  })

  it('is freed by nack and reject', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 5)
    await channel.prefetch(1)
    const inbox = await Inbox.consume(channel, queue)
    const [first] = await inbox.received(1)
    assert.ok(first)
    channel.nack(first, false, false)
    const [, second] = await inbox.received(2)
    assert.ok(second)
    channel.reject(second, false)
    await assertReceived(channel, queue, inbox, 3)
  })

  it('is counted per consumer on a channel with several queues', async () => {
    const channel = await session.channel()
    const queues = [await queueOf(channel, 5), await queueOf(channel, 5)]
    await channel.prefetch(2)
    for (const queue of queues)
      await assertReceived(channel, queue, await Inbox.consume(channel, queue), 2)
  })
})

describe('prefetch per channel', () => {
  it('is shared by the consumers of the channel', async () => {
    const channel = await session.channel()
    const queues = [await queueOf(channel, 5), await queueOf(channel, 5)]
    await channel.prefetch(3, true)
    const inboxes: Inbox[] = []
    for (const queue of queues) inboxes.push(await Inbox.consume(channel, queue))
    const all = (): number => inboxes.flatMap((inbox) => inbox.messages).length
    for (const queue of queues) await settled(channel, queue)
    assert.equal(all(), 3)
    const first = inboxes[0]?.messages[0]
    assert.ok(first)
    channel.ack(first)
    for (const queue of queues) await settled(channel, queue)
    assert.equal(all(), 4)
  })

  it('and per consumer hold together', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 0)
    await channel.prefetch(2, false)
    await channel.prefetch(3, true)
    const inboxes = [await Inbox.consume(channel, queue), await Inbox.consume(channel, queue)]
    for (let n = 0; n < 10; n += 1) channel.sendToQueue(queue, Buffer.from(`${n}`))
    await settled(channel, queue)
    const counts = inboxes.map((inbox) => inbox.messages.length)
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      [1, 2],
    )
  })

  it('raised later lets more through at once', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 10)
    await channel.prefetch(2, true)
    const inbox = await Inbox.consume(channel, queue)
    await assertReceived(channel, queue, inbox, 2)
    await channel.prefetch(5, true)
    await assertReceived(channel, queue, inbox, 5)
    await channel.prefetch(0, true)
    await assertReceived(channel, queue, inbox, 10)
  })

  it('leaves other channels alone', async () => {
    const [limited, free] = [await session.channel(), await session.channel()]
    const queue = await queueOf(limited, 0)
    await limited.prefetch(1, true)
    const [few, many] = [await Inbox.consume(limited, queue), await Inbox.consume(free, queue)]
    for (let n = 0; n < 10; n += 1) limited.sendToQueue(queue, Buffer.from(`${n}`))
    await many.received(9)
    assert.equal(few.messages.length, 1)
  })
})
