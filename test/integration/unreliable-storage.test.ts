// Clients of a broker whose storage finishes commits late and out of order: what
// was confirmed is delivered exactly as sent and in order, what was nacked may be absent, and nothing
// hangs. Each test runs with several seeds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { seededRandom } from '../../src/lib/random.ts'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { AmqpSession } from '../support/amqp-session.ts'
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
  const storage = { random: seededRandom(seed), delayMsMax: 12, refuseRate: 0 }
  return startBroker({ storage, amqpPort: 0, httpPort: 'off' })
}

/** Publishes with a confirm; resolves with whether it was acked. */
function publish(
  channel: ConfirmChannel,
  exchange: string,
  key: string,
  body: string | Buffer,
): Promise<boolean> {
  return new Promise((resolve) => {
    channel.publish(exchange, key, Buffer.from(body), { persistent: true }, (error: unknown) =>
      resolve(error === null || error === undefined),
    )
  })
}

/** Publishes all without waiting in between; the texts that were confirmed, in order. */
async function publishAll(
  channel: ConfirmChannel,
  key: string,
  texts: readonly string[],
): Promise<string[]> {
  const verdicts = await Promise.all(texts.map((text) => publish(channel, '', key, text)))
  return texts.filter((_text, index) => verdicts[index])
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

/** `received` holds all of `confirmed` and nothing that was not sent, in the order of `sent`. */
function checkDelivered(
  sent: readonly string[],
  confirmed: readonly string[],
  received: readonly string[],
): void {
  const got = new Set(received)
  assert.equal(got.size, received.length, 'nothing came twice')
  assert.deepEqual(
    received,
    sent.filter((text) => got.has(text)),
  )
  assert.deepEqual(
    confirmed.filter((text) => !got.has(text)),
    [],
  )
}

const texts = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

scenario(
  'confirmed messages wait in the queue in order, and most nacked ones do not',
  async ({ session }) => {
    const channel = await session.confirmChannel()
    await channel.assertQueue('q', { durable: true })
    const sent = texts(300)
    const confirmed = await publishAll(channel, 'q', sent)
    assert.ok(confirmed.length > 0 && confirmed.length < sent.length, 'some of each')
    const received = await drain(channel, 'q')
    checkDelivered(sent, confirmed, received)
    assert.deepEqual(received, confirmed, 'nobody had seen the refused ones')
  },
)

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
  const confirmed = await publishAll(channel, 'q', sent)
  await waitFor('all confirmed messages are acked', () =>
    confirmed.every((text) => acked.has(text)),
  )
  checkDelivered(sent, confirmed, firsts)
  const { messageCount } = await channel.checkQueue('q')
  assert.equal(messageCount, 0)
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
  const verdicts = await Promise.all(sent.map((text) => publish(channel, 'all', '', text)))
  const confirmed = sent.filter((_text, index) => verdicts[index])
  const received: string[][] = []
  for (const queue of queues) received.push(await drain(channel, queue))
  for (const each of received) checkDelivered(sent, confirmed, each)
  assert.deepEqual(received[0], received[1], 'durable queues have the same')
})

scenario('large and small messages of one channel keep their order', async ({ session }) => {
  const channel = await session.confirmChannel()
  await channel.assertQueue('q', { durable: true })
  const sent = texts(24).map((text, index) =>
    index % 5 === 0 ? text.padEnd(1_200_000, '#') : text,
  )
  const confirmed = await publishAll(channel, 'q', sent)
  checkDelivered(sent, confirmed, await drain(channel, 'q'))
})

scenario('a transaction is there as a whole or not at all', async ({ session }) => {
  const checker = await session.channel()
  await checker.assertQueue('q', { durable: true })
  const outcomes = new Set<boolean>()
  const expected: string[] = []
  for (let round = 0; round < 20; round++) {
    const channel = await session.channel()
    const batch = texts(5, `r${round}-`)
    const isCommitted = await commit(channel, batch)
    outcomes.add(isCommitted)
    if (isCommitted) expected.push(...batch)
  }
  assert.deepEqual(await drain(checker, 'q'), expected)
  assert.equal(outcomes.size, 2, 'some of each')
})

/** amqplib does not know transactions: the raw methods go through its channel. */
async function commit(channel: Channel, batch: readonly string[]): Promise<boolean> {
  const raw = channel as Channel & {
    rpc(method: number, fields: object, expect: number): Promise<unknown>
  }
  const tx = { select: 0x5a_00_0a, selectOk: 0x5a_00_0b, commit: 0x5a_00_14, commitOk: 0x5a_00_15 }
  await raw.rpc(tx.select, {}, tx.selectOk)
  for (const text of batch) channel.sendToQueue('q', Buffer.from(text))
  const refused = new Promise<false>((resolve) => channel.once('error', () => resolve(false)))
  const committed = raw.rpc(tx.commit, {}, tx.commitOk).then(() => true)
  const isCommitted = await Promise.race([refused, committed.catch(() => refused)])
  if (isCommitted) await channel.close()
  return isCommitted
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
        const verdicts = await Promise.all(
          sent.map((text) => publish(channel, 'amq.topic', `${name}.x`, text)),
        )
        const confirmed = sent.filter((_text, at) => verdicts[at])
        const { messageCount } = await channel.checkQueue(queue)
        assert.equal(messageCount, confirmed.length)
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
    const confirming = publishAll(publisher, 'q', sent)
    for (let round = 0; round < 10; round++)
      await consumeForAWhile(session, random.below(20), acked)
    const confirmed = await confirming
    acked.push(...(await drain(publisher, 'q')))
    const got = new Set(acked)
    assert.equal(got.size, acked.length, 'nothing was acked twice')
    assert.deepEqual(
      confirmed.filter((text) => !got.has(text)),
      [],
    )
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
