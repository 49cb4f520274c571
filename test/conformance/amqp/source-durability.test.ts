// Queues with a source after kill -9: what was acked is gone, what was confirmed is there, in both logs.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: TestBroker

before(async () => {
  broker = await TestBroker.start()
})
after(() => broker[Symbol.asyncDispose]())

async function publish(session: AmqpSession, queue: string, count: number): Promise<void> {
  const channel = await session.confirmChannel()
  for (let n = 0; n < count; n++) channel.sendToQueue(queue, Buffer.from(`${queue} ${n}`))
  await channel.waitForConfirms()
}

it('a queue with a source outlives kill -9', onlyPabal, async () => {
  {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    await channel.assertQueue('stream', { arguments: { 'x-queue-type': 'stream' } })
    for (const queue of ['one', 'two']) {
      await channel.assertQueue(queue, { arguments: { 'x-source': 'stream' } })
    }
    await publish(session, 'stream', 10)
    await publish(session, 'one', 2)
    await channel.prefetch(6)
    const inbox = await Inbox.consume(channel, 'one')
    await inbox.received(6)
    for (const message of inbox.messages.slice(0, 4)) channel.ack(message)
    await inbox.received(10)
    // The acks are durable when a later confirm is.
    await publish(session, 'stream', 1)
  }
  await broker.kill()
  await broker.restart()
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.channel()
  const countOf = async (queue: string): Promise<number> =>
    (await channel.checkQueue(queue)).messageCount
  assert.deepEqual([await countOf('one'), await countOf('two')], [9, 11])
  const inbox = await Inbox.consume(channel, 'one', { noAck: true })
  await inbox.received(9)
  const expected = [2, 3, 4, 5, 6, 7, 8, 9, 0].map((n) => `stream ${n}`)
  assert.deepEqual(inbox.bodies, expected)
  const wereOut = inbox.messages.slice(0, 6).map(({ fields }) => fields.redelivered)
  assert.deepEqual(
    wereOut,
    Array.from({ length: 6 }, () => true),
  )
  await channel.deleteQueue('two')
  await channel.deleteQueue('stream')
  await waitFor('the subscriptions to go with the stream', async () => {
    const other = await session.channel()
    other.on('error', () => undefined)
    return other.checkQueue('one').then(
      () => false,
      () => true,
    )
  })
})
