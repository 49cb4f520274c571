// Section 2, qos semantics: limits per consumer and per channel.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onRabbit310,
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

/** Counts what one consumer gets, and acks each message at once. */
class AckingInbox {
  count = 0

  static async consume(
    channel: Channel,
    queue: string,
    onMessage: () => void = () => undefined,
  ): Promise<AckingInbox> {
    const inbox = new AckingInbox()
    await channel.consume(queue, (message) => {
      inbox.count += 1
      onMessage()
      channel.ack(message as ConsumeMessage)
    })
    return inbox
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
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

  it('does not count messages of basic.get', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 2)
    await channel.prefetch(1, true)
    assert.ok(await channel.get(queue))
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(1)
  })

  it('does not count messages of basic.get in a transaction, and counts acks when they are committed', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    for (let n = 0; n < 3; n += 1) client.publish(1, { routingKey: queue as string }, `${n}`)
    await client.call(1, 'tx.select')
    await client.call(1, 'basic.qos', { prefetchCount: 1, global: true })
    client.send(1, 'basic.get', { queue: queue as string })
    await client.expectMessage(1, 'basic.get-ok')
    client.send(1, 'basic.consume', { queue: queue as string, consumerTag: 'c' })
    await client.expect(1, 'basic.consume-ok')
    const { method } = await client.expectMessage(1, 'basic.deliver')
    client.send(1, 'basic.ack', { deliveryTag: method.args['deliveryTag'] as number })
    // Nothing is delivered until the ack counts.
    for (let n = 0; n < 2; n += 1) await client.call(1, 'tx.rollback')
    client.send(1, 'basic.ack', { deliveryTag: method.args['deliveryTag'] as number })
    await client.call(1, 'tx.commit')
    await client.expectMessage(1, 'basic.deliver')
  })

  it('goes round the consumers of one queue', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 0)
    await channel.prefetch(1, true)
    const inboxes = [
      await AckingInbox.consume(channel, queue),
      await AckingInbox.consume(channel, queue),
    ]
    for (let n = 0; n < 10; n += 1) channel.sendToQueue(queue, Buffer.from(`${n}`))
    await waitFor('all is delivered', () => sum(inboxes.map(({ count }) => count)) === 10)
    assert.deepEqual(
      inboxes.map(({ count }) => count),
      [5, 5],
    )
  })

  for (const prefetch of [0, 1]) {
    const difference = prefetch === 1 ? 'goes round only where consumers have no limit' : undefined
    const title = `goes round the queues of its consumers, whose own prefetch is ${prefetch}`
    it(title, onRabbit310(difference), async () => {
      const channel = await session.channel()
      const exchange = uniqueName('all')
      await channel.assertExchange(exchange, 'fanout', { autoDelete: true })
      await channel.prefetch(prefetch, false)
      await channel.prefetch(1, true)
      const order: number[] = []
      for (const index of [0, 1, 2]) {
        const queue = await queueOf(channel, 0)
        await channel.bindQueue(queue, exchange, '')
        await AckingInbox.consume(channel, queue, () => order.push(index))
      }
      for (let n = 0; n < 20; n += 1) channel.publish(exchange, '', Buffer.from(`${n}`))
      await waitFor('all is delivered', () => order.length === 60)
      for (const index of [0, 1, 2]) {
        const early = order.slice(0, 30).filter((each) => each === index).length
        assert.ok(early >= 6 && early <= 16, `${early} of the first 30`)
      }
    })
  }

  it('holds consumers without acks as well', async () => {
    const channel = await session.channel()
    const [queue, other] = [await queueOf(channel, 1), await queueOf(channel, 0)]
    await channel.prefetch(1, true)
    const inbox = await Inbox.consume(channel, queue)
    const [message] = await inbox.received(1)
    assert.ok(message)
    const noAck = await Inbox.consume(channel, other, { noAck: true })
    for (let n = 0; n < 3; n += 1) channel.sendToQueue(other, Buffer.from(`${n}`))
    await settled(channel, other)
    assert.equal(noAck.messages.length, 0)
    channel.ack(message)
    await noAck.received(3)
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
