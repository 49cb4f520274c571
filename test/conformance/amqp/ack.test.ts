// Facts 1.2 and section 2: ack, nack, reject, recover, the redelivered flag and the requeue order.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, GetMessage } from 'amqplib'
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

async function queueOf(channel: Channel, count: number): Promise<string> {
  const { queue } = await channel.assertQueue('', { exclusive: true })
  for (let n = 0; n < count; n += 1) channel.sendToQueue(queue, Buffer.from(`${n}`))
  return queue
}

async function getAll(channel: Channel, queue: string): Promise<GetMessage[]> {
  const messages: GetMessage[] = []
  for (;;) {
    const message = await channel.get(queue)
    if (!message) return messages
    messages.push(message)
  }
}

const bodies = (messages: readonly GetMessage[]): string[] =>
  messages.map((message) => message.content.toString())

/** `messages[index]`, which must be there. */
function at<T>(messages: readonly T[], index: number): T {
  const message = messages[index]
  assert.ok(message)
  return message
}

describe('basic.ack', () => {
  it('removes one message, in any order', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 4)
    const messages = await getAll(channel, queue)
    for (const index of [2, 0]) channel.ack(at(messages, index))
    await channel.recover()
    assert.deepEqual(bodies(await getAll(channel, queue)), ['1', '3'])
  })

  it('multiple removes all up to the tag', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 5)
    const messages = await getAll(channel, queue)
    channel.ack(at(messages, 1))
    channel.ack(at(messages, 3), true)
    await channel.recover()
    assert.deepEqual(bodies(await getAll(channel, queue)), ['4'])
  })

  it('of tag 0 multiple removes all, also when there are none', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 3)
    await getAll(channel, queue)
    channel.ackAll()
    channel.ackAll()
    await channel.recover()
    assert.deepEqual(await getAll(channel, queue), [])
  })

  it('reaches over the queues of the channel', async () => {
    const channel = await session.channel()
    const queues = [await queueOf(channel, 2), await queueOf(channel, 2)]
    const messages: GetMessage[] = []
    for (const queue of queues) messages.push(...(await getAll(channel, queue)))
    channel.ack(at(messages, 2), true)
    await channel.recover()
    assert.deepEqual(bodies(await getAll(channel, queues[0] as string)), [])
    assert.deepEqual(bodies(await getAll(channel, queues[1] as string)), ['1'])
  })
})

describe('basic.nack', () => {
  it('with requeue puts the message back to its place', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 5)
    const messages: GetMessage[] = []
    for (let n = 0; n < 3; n += 1) messages.push((await channel.get(queue)) as GetMessage)
    for (const index of [1, 2, 0]) channel.nack(at(messages, index))
    const again = await getAll(channel, queue)
    assert.deepEqual(bodies(again), ['0', '1', '2', '3', '4'])
    assert.deepEqual(
      again.map((message) => message.fields.redelivered),
      [true, true, true, false, false],
    )
  })

  it('without requeue drops it', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 2)
    channel.nack(at(await getAll(channel, queue), 0), false, false)
    await channel.recover()
    assert.deepEqual(bodies(await getAll(channel, queue)), ['1'])
  })

  it('multiple acts on all up to the tag', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 4)
    channel.nack(at(await getAll(channel, queue), 2), true, false)
    await channel.recover()
    const rest = await getAll(channel, queue)
    assert.deepEqual(bodies(rest), ['3'])
    channel.nackAll(true)
    assert.deepEqual(bodies(await getAll(channel, queue)), ['3'])
  })

  it('goes back between messages that are still out', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 4)
    const messages: GetMessage[] = []
    for (let n = 0; n < 3; n += 1) messages.push((await channel.get(queue)) as GetMessage)
    channel.nack(at(messages, 1))
    assert.deepEqual(bodies(await getAll(channel, queue)), ['1', '3'])
  })
})

describe('basic.reject', () => {
  it('with requeue gives the message to another consumer', async () => {
    const [first, second] = [await session.channel(), await session.channel()]
    const queue = await queueOf(first, 0)
    const [one, other] = [await Inbox.consume(first, queue), await Inbox.consume(second, queue)]
    first.sendToQueue(queue, Buffer.from('x'))
    const [message] = await one.received(1)
    assert.ok(message)
    first.reject(message, true)
    const [again] = await other.received(1)
    assert.equal(again?.fields.redelivered, true)
  })

  it('with requeue comes back to the only consumer', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 1)
    const inbox = await Inbox.consume(channel, queue)
    for (let n = 1; n <= 5; n += 1) {
      const messages = await inbox.received(n)
      channel.reject(at(messages, n - 1), true)
    }
    await inbox.received(6)
    assert.deepEqual(
      inbox.messages.map((message) => message.fields.redelivered),
      [false, true, true, true, true, true],
    )
  })

  it('without requeue drops it', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 2)
    channel.reject(at(await getAll(channel, queue), 1), false)
    await channel.recover()
    assert.deepEqual(bodies(await getAll(channel, queue)), ['0'])
  })
})

describe('basic.recover', () => {
  it('requeues all unacked of the channel, to their place, redelivered', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 4)
    for (let n = 0; n < 3; n += 1) await channel.get(queue)
    await channel.recover()
    const messages = await getAll(channel, queue)
    assert.deepEqual(bodies(messages), ['0', '1', '2', '3'])
    const flags = messages.map((message) => message.fields.redelivered)
    assert.deepEqual(flags, [true, true, true, false])
  })

  it('leaves the unacked messages of other channels alone', async () => {
    const [first, second] = [await session.channel(), await session.channel()]
    const queue = await queueOf(first, 2)
    await first.get(queue)
    await second.get(queue)
    await first.recover()
    assert.deepEqual(bodies(await getAll(first, queue)), ['0'])
  })

  it('async requeues without an answer', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
    client.publish(1, { routingKey: queue as string }, 'x')
    client.send(1, 'basic.get', { queue: queue as string })
    await client.expectMessage(1, 'basic.get-ok')
    client.send(1, 'basic.recover-async', { requeue: true })
    client.send(1, 'basic.get', { queue: queue as string })
    const { method } = await client.expectMessage(1, 'basic.get-ok')
    assert.equal(method.args['redelivered'], true)
  })
})

describe('unacked messages', () => {
  it('go back when the connection breaks, redelivered and in order', async () => {
    const channel = await session.channel()
    const name = uniqueName('broken')
    await channel.assertQueue(name, { durable: false })
    for (let n = 0; n < 5; n += 1) channel.sendToQueue(name, Buffer.from(`${n}`))
    await channel.checkQueue(name)
    {
      await using client = await RawClient.openChannel(broker.port)
      await client.call(1, 'basic.qos', { prefetchCount: 3 })
      await client.call(1, 'basic.consume', { queue: name })
      for (let n = 0; n < 3; n += 1) await client.expectMessage(1, 'basic.deliver')
    }
    await waitFor(
      'messages are back',
      async () => (await channel.checkQueue(name)).messageCount === 5,
    )
    const messages = await getAll(channel, name)
    assert.deepEqual(bodies(messages), ['0', '1', '2', '3', '4'])
    const flags = messages.map((message) => message.fields.redelivered)
    assert.deepEqual(flags, [true, true, true, false, false])
    await channel.deleteQueue(name)
  })

  it('are not counted as ready', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 3)
    const inbox = await Inbox.consume(channel, queue)
    await inbox.received(3)
    await settled(channel, queue)
    assert.equal((await channel.checkQueue(queue)).messageCount, 0)
  })
})

describe('basic.get', () => {
  it('counts what remains, and get-empty says there is nothing', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 3)
    const messages = await getAll(channel, queue)
    assert.deepEqual(
      messages.map((message) => message.fields.messageCount),
      [2, 1, 0],
    )
    assert.deepEqual(
      messages.map((message) => message.fields.deliveryTag),
      [1, 2, 3],
    )
    assert.equal(await channel.get(queue), false)
  })

  it('with no-ack forgets the message', async () => {
    const channel = await session.channel()
    const queue = await queueOf(channel, 1)
    const message = await channel.get(queue, { noAck: true })
    assert.ok(message)
    await channel.recover()
    assert.equal(await channel.get(queue), false)
  })

  it('shares the tags of the channel with its consumers', async () => {
    const channel = await session.channel()
    const [queue, other] = [await queueOf(channel, 1), await queueOf(channel, 1)]
    await (await Inbox.consume(channel, queue)).received(1)
    const message = await channel.get(other)
    assert.equal(message && message.fields.deliveryTag, 2)
  })
})
