// Queues declared with x-message-deduplication, which RabbitMQ has as a plugin.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ConfirmChannel } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import { onlyPabal, uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const deduplicating = { 'x-message-deduplication': true }

function send(
  channel: ConfirmChannel,
  queue: string,
  ids: readonly (string | undefined)[],
  options = {},
): void {
  for (const id of ids) {
    const headers = id === undefined ? {} : { 'x-deduplication-header': id }
    channel.sendToQueue(queue, Buffer.from(`${id}`), { headers, ...options })
  }
}

async function takeAll(channel: ConfirmChannel, queue: string): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return found
    found.push(message.content.toString())
  }
}

describe('a queue with x-message-deduplication', onlyPabal, () => {
  let broker: TestBroker
  before(async () => {
    broker = await TestBroker.start()
  })
  after(() => broker[Symbol.asyncDispose]())

  for (const [kind, args, options] of [
    ['classic', {}, {}],
    ['transient', {}, { durable: false }],
    ['quorum', { 'x-queue-type': 'quorum' }, {}],
    ['priority', { 'x-max-priority': 5 }, {}],
  ] as const) {
    it(`takes a message once while it is there: ${kind}`, async () => {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      const queue = uniqueName('dedup')
      await channel.assertQueue(queue, { ...options, arguments: { ...deduplicating, ...args } })
      const returned: unknown[] = []
      channel.on('return', (message) => returned.push(message))
      send(channel, queue, ['a', 'a', 'b', undefined, undefined])
      send(channel, queue, ['c', 'a'], { priority: 5, mandatory: true })
      await channel.waitForConfirms()
      assert.deepEqual(returned, [])
      assert.equal((await channel.checkQueue(queue)).messageCount, 5)
      // It is there until it is acked, however often it comes back.
      const first = await channel.get(queue)
      assert.ok(first !== false)
      send(channel, queue, [first.content.toString()])
      await channel.waitForConfirms()
      assert.equal((await channel.checkQueue(queue)).messageCount, 4)
      channel.ack(first)
      send(channel, queue, [first.content.toString()])
      await channel.waitForConfirms()
      assert.equal((await channel.checkQueue(queue)).messageCount, 5)
      await channel.purgeQueue(queue)
      send(channel, queue, ['a', 'b', 'c', 'a'])
      await channel.waitForConfirms()
      assert.deepEqual((await takeAll(channel, queue)).toSorted(), ['a', 'b', 'c'])
    })
  }

  it('takes a message once until that has expired', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    const queue = uniqueName('dedup')
    await channel.assertQueue(queue, { arguments: deduplicating })
    send(channel, queue, ['a'], { expiration: '20' })
    await waitFor('it expires', async () => (await channel.checkQueue(queue)).messageCount === 0)
    send(channel, queue, ['a', 'a'])
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue(queue)).messageCount, 1)
  })

  for (const [kind, args] of [
    ['classic', {}],
    ['quorum', { 'x-queue-type': 'quorum' }],
    ['priority', { 'x-max-priority': 5 }],
  ] as const) {
    it(`takes back a dead letter of its own: ${kind}`, async () => {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      const queue = uniqueName('dedup')
      const itself = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue }
      await channel.assertQueue(queue, { arguments: { ...deduplicating, ...itself, ...args } })
      send(channel, queue, ['a'])
      await channel.waitForConfirms()
      const first = await channel.get(queue)
      assert.ok(first !== false)
      channel.nack(first, false, false)
      await waitFor('it is back', async () => (await channel.checkQueue(queue)).messageCount === 1)
      // It is in the queue again.
      send(channel, queue, ['a'])
      await channel.waitForConfirms()
      assert.deepEqual(await takeAll(channel, queue), ['a'])
    })
  }

  for (const kind of ['stop', 'kill'] as const) {
    it(`knows what it holds after a ${kind} and a restart`, async () => {
      const queue = uniqueName('dedup')
      const ids = Array.from({ length: 300 }, (_, id) => `id-${id}`)
      {
        await using session = await AmqpSession.open(broker.url)
        const channel = await session.confirmChannel()
        await channel.assertQueue(queue, { arguments: deduplicating })
        send(channel, queue, ids)
        await channel.waitForConfirms()
        for (let count = 0; count < 100; count++) await channel.get(queue, { noAck: true })
      }
      if (kind === 'stop') await broker.stop()
      else await broker.kill()
      await broker.restart()
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      const { messageCount } = await channel.checkQueue(queue)
      send(channel, queue, ids)
      await channel.waitForConfirms()
      const all = await takeAll(channel, queue)
      assert.equal(all.length, 300)
      assert.deepEqual(all.toSorted(), ids.toSorted())
      assert.ok(messageCount >= 200)
    })
  }

  it('knows nothing of a queue of the same name that is gone', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    const queue = uniqueName('dedup')
    for (let times = 0; times < 2; times++) {
      await channel.assertQueue(queue, { arguments: deduplicating })
      send(channel, queue, ['a', 'a'])
      await channel.waitForConfirms()
      assert.equal((await channel.checkQueue(queue)).messageCount, 1)
      await channel.deleteQueue(queue)
    }
  })
})
