// AMQP clients of a broker whose storage answers late: everything is confirmed in the end, delivered
// exactly as sent and in order, and nothing hangs. Each test runs with several seeds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor, within } from '../support/wait-for.ts'

const seeds = [1, 2, 3, 4]
const deadlineMs = 20_000

interface Setting {
  readonly session: AmqpSession
  readonly seed: number
}

function scenario(name: string, body: (setting: Setting) => Promise<void>): void {
  for (const seed of seeds) {
    test(`${name} (seed ${seed})`, async () => {
      await using broker = await start(seed)
      const { port } = broker.addresses['amqp'] ?? assert.fail('no AMQP address')
      await using session = await AmqpSession.open(`amqp://guest:guest@127.0.0.1:${port}`, {
        noDelay: true,
      })
      await within(name, body({ session, seed }), deadlineMs)
    })
  }
}

function start(seed: number): Promise<RunningBroker> {
  const storage = { random: seededRandom(seed), delayMsMax: 12 }
  return startBroker({ storage, ...otherPortsOff, amqpPort: 0, httpPort: 'off' })
}

/** Publishes all without waiting in between; resolves when all are confirmed. */
async function publishAll(
  channel: ConfirmChannel,
  [exchange, key]: readonly [string, string],
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) channel.publish(exchange, key, Buffer.from(text), { persistent: true })
  await channel.waitForConfirms()
}

async function drain(channel: Channel, queue: string): Promise<string[]> {
  const texts: string[] = []
  for (;;) {
    const message = await channel.get(queue)
    if (message === false) return texts
    texts.push(message.content.toString())
    channel.ack(message)
  }
}

const texts = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

scenario('confirmed messages wait in the queue in order', async ({ session }) => {
  const channel = await session.confirmChannel()
  await channel.assertQueue('q', { durable: true })
  const sent = texts(300)
  await publishAll(channel, ['', 'q'], sent)
  assert.deepEqual(await drain(channel, 'q'), sent)
})

scenario('confirmed messages reach a consumer that requeues some', async ({ session, seed }) => {
  const random = seededRandom(seed)
  const channel = await session.confirmChannel()
  const consumer = await session.channel()
  await channel.assertQueue('q', { durable: true })
  await consumer.prefetch(7)
  const firsts: string[] = []
  const requeued = new Set<string>()
  const acked = new Set<string>()
  await consumer.consume('q', (message) => {
    assert.ok(message)
    const text = message.content.toString()
    assert.equal(message.fields.redelivered, requeued.has(text), text)
    if (!requeued.has(text)) firsts.push(text)
    if (!requeued.has(text) && random.below(4) === 0) {
      requeued.add(text)
      consumer.nack(message)
      return
    }
    acked.add(text)
    consumer.ack(message)
  })
  const sent = texts(300)
  await publishAll(channel, ['', 'q'], sent)
  await waitFor('all are acked', () => acked.size === sent.length)
  assert.deepEqual(firsts, sent)
  await waitFor('the queue is empty', async () => {
    const { messageCount } = await channel.checkQueue('q')
    return messageCount === 0
  })
})

scenario('a confirmed message is in every queue that it was routed to', async ({ session }) => {
  const channel = await session.confirmChannel()
  await channel.assertExchange('all', 'fanout', { durable: true })
  const queues = ['a', 'b', 'transient']
  for (const queue of queues) {
    await channel.assertQueue(queue, { durable: queue !== 'transient' })
    await channel.bindQueue(queue, 'all', '')
  }
  const sent = texts(120).map((text) => text.padEnd(2000, '.'))
  await publishAll(channel, ['all', ''], sent)
  for (const queue of queues) assert.deepEqual(await drain(channel, queue), sent)
})

scenario('large and small messages of one channel keep their order', async ({ session }) => {
  const channel = await session.confirmChannel()
  await channel.assertQueue('q', { durable: true })
  const sent = texts(24).map((text, index) =>
    index % 5 === 0 ? text.padEnd(1_200_000, '#') : text,
  )
  await publishAll(channel, ['', 'q'], sent)
  assert.deepEqual(await drain(channel, 'q'), sent)
})

scenario('transactions are there as wholes, in the order of their commits', async ({ session }) => {
  const checker = await session.channel()
  await checker.assertQueue('q', { durable: true })
  const channel = await session.channel()
  const expected: string[] = []
  for (let round = 0; round < 20; round++) {
    const batch = texts(5, `r${round}-`)
    await commit(channel, batch)
    expected.push(...batch)
    const { messageCount } = await checker.checkQueue('q')
    assert.equal(messageCount, expected.length)
  }
  assert.deepEqual(await drain(checker, 'q'), expected)
})

/** amqplib does not know transactions: the raw methods go through its channel. */
async function commit(channel: Channel, batch: readonly string[]): Promise<void> {
  const raw = channel as Channel & {
    rpc(method: number, fields: object, expect: number): Promise<unknown>
  }
  const tx = { select: 0x5a_00_0a, selectOk: 0x5a_00_0b, commit: 0x5a_00_14, commitOk: 0x5a_00_15 }
  await raw.rpc(tx.select, {}, tx.selectOk)
  for (const text of batch) channel.sendToQueue('q', Buffer.from(text))
  await raw.rpc(tx.commit, {}, tx.commitOk)
}

scenario(
  'declaring, binding, purging and deleting go on beside publishing',
  async ({ session, seed }) => {
    const workers = texts(4, 'w').map(async (name, index) => {
      const random = seededRandom(seed * 100 + index)
      const channel = await session.confirmChannel()
      for (let round = 0; round < 8; round++) {
        const queue = `${name}-${round}`
        const autoDelete = random.below(3) === 0
        await channel.assertQueue(queue, { durable: true, autoDelete })
        await channel.bindQueue(queue, 'amq.topic', `${name}.#`)
        const sent = texts(10, `${queue}-`)
        await publishAll(channel, ['amq.topic', `${name}.x`], sent)
        const { messageCount } = await channel.checkQueue(queue)
        assert.equal(messageCount, sent.length)
        if (random.below(2) === 0)
          assert.deepEqual(await channel.purgeQueue(queue), { messageCount })
        await channel.deleteQueue(queue)
      }
      await channel.close()
    })
    await Promise.all(workers)
  },
)

scenario(
  'consumers that come and go lose nothing that was confirmed',
  async ({ session, seed }) => {
    const random = seededRandom(seed)
    const publisher = await session.confirmChannel()
    await publisher.assertQueue('q', { durable: true })
    const acked: string[] = []
    const sent = texts(200)
    const confirming = publishAll(publisher, ['', 'q'], sent)
    for (let round = 0; round < 10; round++)
      await consumeForAWhile(session, random.below(20), acked)
    await confirming
    acked.push(...(await drain(publisher, 'q')))
    assert.equal(new Set(acked).size, acked.length, 'nothing was acked twice')
    assert.deepEqual(new Set(acked), new Set(sent))
  },
)

/** Acks up to `count` messages, then closes its channel with more in hand. */
async function consumeForAWhile(
  session: AmqpSession,
  count: number,
  acked: string[],
): Promise<void> {
  const channel = await session.channel()
  const inHand: ConsumeMessage[] = []
  await channel.consume('q', (message) => message && inHand.push(message))
  await waitFor('something was delivered, or nothing is there', async () => {
    const { messageCount } = await channel.checkQueue('q')
    return inHand.length > count || messageCount === 0
  })
  for (const message of inHand.slice(0, count)) {
    channel.ack(message)
    acked.push(message.content.toString())
  }
  await channel.close()
}
