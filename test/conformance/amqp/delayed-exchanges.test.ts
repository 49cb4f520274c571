// Exchanges of type x-delayed-message, as clients of RabbitMQ's plugin know them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConfirmChannel } from 'amqplib'
import { AmqpSession, channelClosed } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
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

interface Delayed<C> {
  readonly channel: C
  readonly exchange: string
  readonly queue: string
}

async function delayedQueue(routesAs = 'direct'): Promise<Delayed<ConfirmChannel>> {
  const channel = await session.confirmChannel()
  const exchange = uniqueName('delayed')
  await channel.assertExchange(exchange, 'x-delayed-message', {
    arguments: { 'x-delayed-type': routesAs },
  })
  const { queue } = await channel.assertQueue(uniqueName('late'))
  await channel.bindQueue(queue, exchange, 'k')
  return { channel, exchange, queue }
}

async function refusalOf(work: (channel: Channel) => unknown): Promise<string> {
  const channel = await session.channel()
  const closed = channelClosed(channel)
  await Promise.resolve(work(channel)).catch(() => undefined)
  const { code, message } = await closed
  assert.equal(code, 406)
  return message
}

describe('x-delayed-message', onlyPabal, () => {
  it('delivers by x-delay, the shorter one first, and shows it as a negative number', async () => {
    const { channel, exchange, queue } = await delayedQueue()
    const inbox = await Inbox.consume(channel, queue)
    const publish = (text: string, delay: number): boolean =>
      channel.publish(exchange, 'k', Buffer.from(text), { headers: { 'x-delay': delay, kept: 1 } })
    publish('second', 400)
    publish('first', 100)
    publish('at once', 0)
    // One byte on the wire, which the plugin does not take for a number.
    publish('short', 20)
    await inbox.received(4)
    const received = inbox.messages.map(({ content, properties, fields }) => [
      content.toString(),
      properties.headers,
      fields.exchange,
    ])
    assert.deepEqual(received, [
      ['at once', { 'x-delay': 0, kept: 1 }, exchange],
      ['short', { kept: 1, 'x-delay': -20 }, exchange],
      ['first', { kept: 1, 'x-delay': -100 }, exchange],
      ['second', { kept: 1, 'x-delay': -400 }, exchange],
    ])
  })

  it('confirms a delayed message while it waits, and returns none', async () => {
    const { channel, exchange, queue } = await delayedQueue()
    const returned: string[] = []
    channel.on('return', ({ content }: { content: Buffer }) => returned.push(content.toString()))
    const mandatory = { mandatory: true }
    channel.publish(exchange, 'k', Buffer.from('waits'), {
      ...mandatory,
      headers: { 'x-delay': 60_000 },
    })
    channel.publish(exchange, 'nobody', Buffer.from('unroutable'), mandatory)
    await channel.waitForConfirms()
    assert.deepEqual(returned, ['unroutable'])
    assert.equal((await channel.checkQueue(queue)).messageCount, 0)
  })

  it('delays dead letters', async () => {
    const { channel, exchange, queue } = await delayedQueue('fanout')
    const { queue: mortal } = await channel.assertQueue(uniqueName('mortal'), {
      arguments: { 'x-dead-letter-exchange': exchange, 'x-message-ttl': 0 },
    })
    const inbox = await Inbox.consume(channel, queue)
    const sentAt = Date.now()
    channel.sendToQueue(mortal, Buffer.from('a'), { headers: { 'x-delay': 150 } })
    await inbox.received(1)
    assert.ok(Date.now() - sentAt >= 150)
    const headers = inbox.messages[0]?.properties.headers ?? {}
    assert.equal(headers['x-delay'], -150)
    assert.equal(headers['x-death']?.[0]?.reason, 'expired')
  })

  it('ends with its last binding when it is auto-delete, and its messages with it', async () => {
    const channel = await session.confirmChannel()
    const exchange = uniqueName('brief')
    await channel.assertExchange(exchange, 'x-delayed-message', {
      autoDelete: true,
      arguments: { 'x-delayed-type': 'fanout' },
    })
    const { queue } = await channel.assertQueue(uniqueName('brief'))
    await channel.bindQueue(queue, exchange, '')
    channel.publish(exchange, '', Buffer.from('a'), { headers: { 'x-delay': 60_000 } })
    await channel.waitForConfirms()
    await channel.deleteQueue(queue)
    await assert.rejects(channel.checkExchange(exchange), /404/)
  })

  it('is refused without a type that it can route as', async () => {
    const declare =
      (args: Record<string, unknown>) =>
      (channel: Channel): unknown =>
        channel.assertExchange(uniqueName('bad'), 'x-delayed-message', { arguments: args })
    const missing = "Invalid argument, 'x-delayed-type' must be an existing exchange type"
    assert.match(await refusalOf(declare({})), new RegExp(missing))
    assert.match(await refusalOf(declare({ 'x-delayed-type': 7 })), new RegExp(missing))
    assert.match(
      await refusalOf(declare({ 'x-delayed-type': 'x-delayed-message' })),
      /Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'/,
    )
    assert.match(
      await refusalOf(declare({ 'x-delayed-type': 'nonsense' })),
      /unknown exchange type 'nonsense'/,
    )
  })

  it('declared again must route as before', async () => {
    const { channel, exchange } = await delayedQueue('topic')
    const again = { arguments: { 'x-delayed-type': 'topic' } }
    await channel.assertExchange(exchange, 'x-delayed-message', again)
    const refusal = await refusalOf((other) =>
      other.assertExchange(exchange, 'x-delayed-message', {
        arguments: { 'x-delayed-type': 'fanout' },
      }),
    )
    assert.match(
      refusal,
      /inequivalent arg 'x-delayed-type' for exchange '.*' in vhost '\/': received 'fanout' but current is 'topic'/,
    )
  })

  it('lets messages out on time, never early', async () => {
    const { channel, exchange, queue } = await delayedQueue()
    const late: number[] = []
    await channel.consume(queue, (message) => {
      const { properties, content } = message ?? assert.fail('cancelled')
      late.push(Date.now() - Number(content.toString()) + Number(properties.headers?.['x-delay']))
    })
    for (let delay = 1; delay <= 200; delay++) {
      const now = Buffer.from(`${Date.now()}`)
      channel.publish(exchange, 'k', now, { headers: { 'x-delay': delay } })
      await channel.waitForConfirms()
    }
    await waitFor('all have come', () => late.length === 200)
    late.sort((a, b) => a - b)
    assert.ok(late[0]! >= 0, `${late[0]} ms`)
    // Other tests may have the processor for a while: not all of them.
    assert.ok(late[100]! < 200, `${late[100]} ms`)
  })
})
