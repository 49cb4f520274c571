// Quorum queues count what comes back, as RabbitMQ 4.2 does: x-delivery-count, x-delivery-limit, and the
// delayed retries of RabbitMQ 4.3 (facts 1.4).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConsumeMessage, GetMessage } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const countOf = (message: GetMessage | ConsumeMessage | undefined): unknown =>
  message?.properties.headers?.['x-delivery-count']

async function quorumQueue(channel: Channel, args: Record<string, unknown> = {}): Promise<string> {
  const { queue } = await channel.assertQueue(uniqueName('counted'), {
    arguments: { 'x-queue-type': 'quorum', ...args },
  })
  return queue
}

describe('a quorum queue', () => {
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

  it('says how often a message came back, however it did', async () => {
    const channel = await session.channel()
    const queue = await quorumQueue(channel)
    channel.sendToQueue(queue, Buffer.from('m'), {
      headers: { 'x-delivery-count': 77, kept: 'yes' },
    })
    const inbox = await Inbox.consume(channel, queue)
    const [first] = await inbox.received(1)
    // As it was published: nothing is counted yet.
    assert.equal(countOf(first), 77)
    channel.nack(first as ConsumeMessage)
    const second = (await inbox.received(2))[1] as ConsumeMessage
    assert.deepEqual([countOf(second), second.fields.redelivered], [1, true])
    assert.equal(second.properties.headers?.['kept'], 'yes')
    channel.reject(second, true)
    assert.equal(countOf((await inbox.received(3))[2]), 2)
    await channel.recover()
    assert.equal(countOf((await inbox.received(4))[3]), 3)
    await channel.close()
    const other = await session.channel()
    const got = await other.get(queue)
    assert.equal(got && countOf(got), 4)
    if (got) other.ack(got)
    await other.close()
  })

  it('sends what came back too often to its dead-letter exchange', async () => {
    const channel = await session.channel()
    const { queue: graveyard } = await channel.assertQueue(uniqueName('graveyard'))
    const queue = await quorumQueue(channel, {
      'x-delivery-limit': 2,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': graveyard,
    })
    channel.sendToQueue(queue, Buffer.from('poison'))
    const inbox = await Inbox.consume(channel, queue)
    for (let count = 1; count <= 3; count++) {
      const messages = await inbox.received(count)
      channel.nack(messages.at(-1) as ConsumeMessage)
    }
    let dead: GetMessage | false = false
    await waitFor('the dead letter', async () => {
      dead = await channel.get(graveyard, { noAck: true })
      return dead !== false
    })
    const { headers } = (dead as unknown as GetMessage).properties
    const [death] = (headers?.['x-death'] ?? []) as unknown as Record<string, unknown>[]
    assert.deepEqual(
      [death?.['reason'], death?.['count'], death?.['queue']],
      ['delivery_limit', 1, queue],
    )
    assert.equal(headers?.['x-first-death-reason'], 'delivery_limit')
    assert.equal(inbox.messages.length, 3)
    await channel.close()
  })

  it('lets a message wait before its next try, and others pass', onlyPabal, async () => {
    const channel = await session.channel()
    const delays = { min: 150, max: 200 }
    const queue = await quorumQueue(channel, {
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': delays.min,
      'x-delayed-retry-max': delays.max,
    })
    for (const body of ['a', 'b']) channel.sendToQueue(queue, Buffer.from(body))
    await channel.prefetch(1)
    const inbox = await Inbox.consume(channel, queue)
    const [first] = await inbox.received(1)
    const before = Date.now()
    channel.nack(first as ConsumeMessage)
    const second = (await inbox.received(2))[1] as ConsumeMessage
    assert.equal(second.content.toString(), 'b')
    assert.equal((await channel.checkQueue(queue)).messageCount, 0)
    channel.ack(second)
    const third = (await inbox.received(3))[2] as ConsumeMessage
    assert.deepEqual([third.content.toString(), countOf(third)], ['a', 1])
    assert.ok(Date.now() - before >= delays.min)
    channel.ack(third)
    await channel.close()
  })
})

for (const [name, end] of Object.entries({
  'a clean restart': (broker: TestBroker) => broker.stop(),
  'kill -9': (broker: TestBroker) => broker.kill(),
})) {
  it(`counts and delays outlive ${name}`, onlyPabal, async () => {
    await using broker = await TestBroker.start()
    const args = { 'x-delayed-retry-type': 'failed', 'x-delayed-retry-min': 1500 }
    let counted: string
    let delayed: string
    let failedAt: number
    {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      counted = await quorumQueue(channel)
      delayed = await quorumQueue(channel, args)
      channel.sendToQueue(counted, Buffer.from('m'))
      channel.sendToQueue(delayed, Buffer.from('late'))
      const inbox = await Inbox.consume(channel, counted)
      channel.nack((await inbox.received(1))[0] as ConsumeMessage)
      const failing = await Inbox.consume(channel, delayed)
      const [failed] = await failing.received(1)
      failedAt = Date.now()
      channel.reject(failed as ConsumeMessage, true)
      await inbox.received(2)
      // What is confirmed after it stands after it in the log.
      const confirming = await session.confirmChannel()
      confirming.sendToQueue(counted, Buffer.from('after'))
      await confirming.waitForConfirms()
    }
    await end(broker)
    await broker.restart()
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    const inbox = await Inbox.consume(channel, counted)
    const [first] = await inbox.received(1)
    assert.equal(first?.content.toString(), 'm')
    assert.ok(Number(countOf(first)) >= 1, String(countOf(first)))
    const late = await Inbox.consume(channel, delayed)
    const [again] = await late.received(1)
    assert.ok(Date.now() - failedAt >= 1500)
    assert.equal(countOf(again), 1)
  })
}
