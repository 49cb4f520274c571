// A stop by SIGTERM loses nothing and, unlike a crash, leaves no doubt about what was delivered.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { AmqpSession } from '../support/amqp-session.ts'
import { onlyPabal } from '../support/broker-under-test.ts'
import { Inbox, settled } from '../support/inbox.ts'
import { TestBroker } from '../support/start-test-broker.ts'

async function fill(session: AmqpSession, queue: string, count: number): Promise<void> {
  const channel = await session.confirmChannel()
  await channel.assertQueue(queue, { durable: true })
  for (let index = 0; index < count; index++) {
    channel.sendToQueue(queue, Buffer.from(String(index)), { persistent: index % 2 === 0 })
  }
  await channel.waitForConfirms()
}

/** Everything ready in `queue`, as [body, redelivered]. */
async function readAll(session: AmqpSession, queue: string): Promise<[number, boolean][]> {
  const channel = await session.channel()
  const { messageCount } = await channel.checkQueue(queue)
  const inbox = await Inbox.consume(channel, queue)
  await inbox.received(messageCount)
  await settled(channel, queue)
  const read = inbox.messages.map(({ content, fields }): [number, boolean] => [
    Number(content.toString()),
    fields.redelivered,
  ])
  await channel.close()
  return read
}

async function hold(channel: Channel, queue: string, count: number): Promise<ConsumeMessage[]> {
  await channel.prefetch(count)
  const inbox = await Inbox.consume(channel, queue)
  await inbox.received(count)
  return inbox.messages
}

function expected(count: number, options: { gone: number[]; delivered: number[] }): unknown {
  return Array.from({ length: count }, (_, index): [number, boolean] => [
    index,
    options.delivered.includes(index),
  ]).filter(([index]) => !options.gone.includes(index))
}

test('after SIGTERM messages nobody got are not flagged redelivered', onlyPabal, async () => {
  await using broker = await TestBroker.start()
  {
    await using session = await AmqpSession.open(broker.url)
    await fill(session, 'untouched', 200)
  }
  assert.equal(await broker.stop(), 0)
  await broker.restart()
  await using session = await AmqpSession.open(broker.url)
  assert.deepEqual(await readAll(session, 'untouched'), expected(200, { gone: [], delivered: [] }))
})

test(
  'after SIGTERM exactly the delivered messages are flagged, acked ones gone',
  onlyPabal,
  async () => {
    await using broker = await TestBroker.start()
    const session = await AmqpSession.open(broker.url)
    await fill(session, 'held', 300)
    const channel = await session.channel()
    const held = await hold(channel, 'held', 10)
    for (const index of [0, 1, 5]) channel.ack(held[index] as ConsumeMessage)
    channel.nack(held[7] as ConsumeMessage, false, true)
    await settled(channel, 'held')
    // Four more came, one of them number 7 again.
    assert.equal(held.length, 14)
    assert.equal(await broker.stop(), 0)
    await broker.restart()
    const gone = [0, 1, 5]
    const delivered = [2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    await using next = await AmqpSession.open(broker.url)
    assert.deepEqual(await readAll(next, 'held'), expected(300, { gone, delivered }))
  },
)

test(
  'after SIGTERM with a waiting consumer, later messages are not flagged',
  onlyPabal,
  async () => {
    await using broker = await TestBroker.start()
    const session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    await channel.assertQueue('live', { durable: true })
    await channel.prefetch(3)
    const inbox = await Inbox.consume(channel, 'live')
    await fill(session, 'live', 20)
    await inbox.received(3)
    await settled(channel, 'live')
    assert.equal(await broker.stop(), 0)
    await broker.restart()
    await using next = await AmqpSession.open(broker.url)
    assert.deepEqual(await readAll(next, 'live'), expected(20, { gone: [], delivered: [0, 1, 2] }))
  },
)
