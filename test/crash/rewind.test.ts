// Queues that are rewound while the broker is killed: a rewind that was answered has happened, any other one
// has happened as a whole or not at all. For a queue that keeps what was acked, and for one that reads a topic.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { BrokerClient } from '../../src/cli/broker-client.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { TestBroker } from '../support/start-test-broker.ts'

const count = 120
const rounds = 3
const seed = Number(process.env['PABAL_SEED'] ?? Math.floor(Math.random() * 1e9))
const random = seededRandom(seed)

describe(`a rewind and kill -9, seed ${seed}`, () => {
  let broker: TestBroker
  before(async () => {
    broker = await TestBroker.start()
  })
  after(() => broker[Symbol.asyncDispose]())

  /** Asks for a rewind; undefined when the broker died before it answered. */
  async function rewind(queue: string, offset: number): Promise<number | undefined> {
    const client = new BrokerClient(broker.dataFolder)
    try {
      const { status, body } = await client.ask('POST', ['queues', '/', queue, 'rewind'], {
        offset,
      })
      assert.equal(status, 200, JSON.stringify(body))
      return (body as { readonly message_count: number }).message_count
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return undefined
    }
  }

  /**
   * Takes and acks so many messages, or as many as come before the broker is gone, which `died` says; returns
   * their numbers.
   */
  async function consume(queue: string, wanted: number, died: Promise<void>): Promise<Set<number>> {
    const seen = new Set<number>()
    // The broker may die in the middle of the handshake, and the client waits on.
    const opening = AmqpSession.open(broker.url).catch(() => undefined)
    const session = await Promise.race([opening, died.then(() => undefined)])
    if (session === undefined) return seen
    const gone = session.connectionClosed().then(() => true)
    const consuming = async (): Promise<boolean> => {
      const channel = await session.channel()
      await channel.prefetch(20)
      const { promise, resolve } = Promise.withResolvers<boolean>()
      await channel.consume(queue, (message) => {
        if (message === null) return
        seen.add(Number(message.content.toString()))
        channel.ack(message)
        if (seen.size === wanted) resolve(false)
      })
      return promise
    }
    await Promise.race([gone, consuming().catch(() => gone)])
    await session[Symbol.asyncDispose]()
    return seen
  }

  /** Takes and acks all that is there; the acks are durable. */
  async function drain(queue: string): Promise<Set<number>> {
    const seen = new Set<number>()
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    for (;;) {
      const message = await channel.get(queue)
      if (message === false) break
      seen.add(Number(message.content.toString()))
      channel.ack(message)
    }
    const confirming = await session.confirmChannel()
    await confirming.assertQueue('ballast')
    confirming.sendToQueue('ballast', Buffer.from(''), { persistent: true })
    await confirming.waitForConfirms()
    return seen
  }

  async function declare(queue: string, args: object): Promise<void> {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    await channel.assertQueue(queue, { arguments: args })
  }

  async function fill(queue: string): Promise<void> {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    for (let n = 0; n < count; n++)
      channel.sendToQueue(queue, Buffer.from(`${n}`), { persistent: true })
    await channel.waitForConfirms()
  }

  const from = (offset: number): Set<number> =>
    new Set(Array.from({ length: count - offset }, (_, index) => offset + index))

  /** Rewinds and is killed meanwhile, or while what came back is consumed. */
  async function playRound(queue: string): Promise<void> {
    const offset = random.below(count)
    if (random.below(2) === 0) {
      const answer = rewind(queue, offset)
      await delay(random.below(8))
      await broker.kill()
      const answered = await answer
      await broker.restart()
      const seen = await drain(queue)
      const isWhole = seen.size === 0 ? answered === undefined : true
      assert.ok(isWhole, 'a rewind that was answered was lost')
      if (seen.size > 0) assert.deepEqual(seen, from(offset))
      return
    }
    assert.equal(await rewind(queue, offset), count - offset)
    const { promise: died, resolve: noteDeath } = Promise.withResolvers<void>()
    const consumed = consume(queue, count - offset, died)
    await delay(random.below(60))
    await broker.kill()
    noteDeath()
    const before = await consumed
    await broker.restart()
    const rest = await drain(queue)
    assert.deepEqual(new Set([...before, ...rest].toSorted((a, b) => a - b)), from(offset))
  }

  it('of a queue that keeps what was acked', async () => {
    await declare('kept', { 'x-retention-ms': 3_600_000 })
    await fill('kept')
    assert.equal((await drain('kept')).size, count)
    for (let round = 0; round < rounds; round++) await playRound('kept')
  })

  it('of a queue that reads a stream, beside another one', async () => {
    await declare('stream', { 'x-queue-type': 'stream' })
    await declare('worker', { 'x-source': 'stream', 'x-queue-type': 'quorum' })
    await declare('other', { 'x-source': 'stream' })
    await fill('stream')
    assert.equal((await drain('worker')).size, count)
    for (let round = 0; round < rounds; round++) await playRound('worker')
    assert.deepEqual(await drain('other'), from(0))
    assert.equal((await drain('worker')).size, 0)
  })
})
