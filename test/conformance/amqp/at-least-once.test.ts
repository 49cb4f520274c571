// x-dead-letter-strategy: at-least-once of quorum queues: a dead letter that no queue takes is kept and goes
// on when one does. RabbitMQ tries again after minutes, so only this broker is asked.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, GetMessage } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import { onlyPabal, uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const keeping = {
  'x-queue-type': 'quorum',
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
}

async function take(channel: Channel, queue: string, options = {}): Promise<GetMessage> {
  return waitFor('a message', async () => {
    const found = await channel.get(queue, options)
    return found === false ? undefined : found
  })
}

describe('a dead letter that no queue takes', onlyPabal, () => {
  let broker: TestBroker
  let session: AmqpSession
  before(async () => {
    broker = await TestBroker.start()
    session = await AmqpSession.open(broker.url)
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await broker[Symbol.asyncDispose]()
  })

  async function declareMortal(args: Record<string, unknown>): Promise<[string, string, Channel]> {
    const channel = await session.channel()
    const [queue, exchange] = [uniqueName('mortal'), uniqueName('dlx')]
    await channel.assertQueue(queue, {
      arguments: { 'x-dead-letter-exchange': exchange, ...args },
    })
    return [queue, exchange, channel]
  }

  async function rejectAll(channel: Channel, queue: string, bodies: string[]): Promise<void> {
    for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body))
    for (const body of bodies) {
      const message = await take(channel, queue)
      assert.equal(message.content.toString(), body)
      channel.reject(message, false)
    }
    // Answered when what was rejected has been seen to.
    await channel.checkQueue(queue)
  }

  /** The bodies in a queue that is bound to the exchange by now. */
  async function bindAndTake(channel: Channel, exchange: string, count: number): Promise<string[]> {
    const { queue } = await channel.assertQueue(uniqueName('graveyard'))
    await channel.bindQueue(queue, exchange, '')
    const countNow = async (): Promise<number> => (await channel.checkQueue(queue)).messageCount
    await waitFor('the dead letters', async () => (await countNow()) === count)
    const bodies: string[] = []
    for (let index = 0; index < count; index++) {
      const { content, properties } = await take(channel, queue, { noAck: true })
      assert.equal(properties.headers?.['x-death']?.length, 1)
      bodies.push(content.toString())
    }
    return bodies
  }

  it('is kept until one is bound', async () => {
    const [queue, exchange, channel] = await declareMortal(keeping)
    await rejectAll(channel, queue, ['a'])
    await channel.assertExchange(exchange, 'fanout')
    await rejectAll(channel, queue, ['b'])
    assert.deepEqual((await bindAndTake(channel, exchange, 2)).toSorted(), ['a', 'b'])
  })

  it('is not kept when its exchange has let the same through before', async () => {
    const [queue, exchange, channel] = await declareMortal({ ...keeping, 'x-max-length': 1 })
    await channel.assertExchange(exchange, 'x-message-deduplication', {
      arguments: { 'x-cache-size': 5 },
    })
    const { queue: graveyard } = await channel.assertQueue(uniqueName('graveyard'))
    await channel.bindQueue(graveyard, exchange, '')
    const headers = { 'x-deduplication-header': 'a' }
    for (let times = 0; times < 2; times++) {
      channel.sendToQueue(queue, Buffer.from('a'), { headers })
      channel.reject(await take(channel, queue), false)
    }
    // Answered when what was rejected has been seen to.
    await channel.checkQueue(queue)
    assert.equal((await channel.checkQueue(graveyard)).messageCount, 1)
    // One that is kept would take the only place.
    const confirming = await session.confirmChannel()
    confirming.sendToQueue(queue, Buffer.from('next'))
    await confirming.waitForConfirms()
  })

  it('counts for the limit of its queue, which takes messages again when it has gone', async () => {
    const [queue, exchange] = await declareMortal({ ...keeping, 'x-max-length': 2 })
    const channel = await session.confirmChannel()
    await channel.assertExchange(exchange, 'fanout')
    await rejectAll(channel, queue, ['a', 'b'])
    const publish = (): Promise<void> =>
      new Promise((resolve, reject) => {
        channel.sendToQueue(queue, Buffer.from('c'), {}, (error) =>
          error === null ? resolve() : reject(new Error('nacked', { cause: error })),
        )
      })
    await assert.rejects(publish(), /nacked/)
    assert.deepEqual(await bindAndTake(channel, exchange, 2), ['a', 'b'])
    await publish()
  })

  it('is in its queue after a restart, and dies again of its age', async () => {
    const [queue, exchange, channel] = await declareMortal({ ...keeping, 'x-message-ttl': 1 })
    await channel.assertExchange(exchange, 'fanout', { durable: true })
    const confirming = await session.confirmChannel()
    confirming.sendToQueue(queue, Buffer.from('old'), { persistent: true })
    await confirming.waitForConfirms()
    await waitFor('it has died', async () => (await channel.checkQueue(queue)).messageCount === 0)
    await session[Symbol.asyncDispose]()
    await broker.kill()
    await broker.restart()
    session = await AmqpSession.open(broker.url)
    assert.deepEqual(await bindAndTake(await session.channel(), exchange, 1), ['old'])
  })

  it('is dropped by a queue that drops messages when it is full', async () => {
    const { 'x-overflow': _, ...dropping } = keeping
    const [queue, exchange, channel] = await declareMortal(dropping)
    await channel.assertExchange(exchange, 'fanout')
    await rejectAll(channel, queue, ['lost'])
    assert.equal((await channel.checkQueue(queue)).messageCount, 0)
    const { queue: graveyard } = await channel.assertQueue(uniqueName('graveyard'))
    await channel.bindQueue(graveyard, exchange, '')
    await rejectAll(channel, queue, ['found'])
    const { content } = await take(channel, graveyard, { noAck: true })
    assert.equal(content.toString(), 'found')
  })
})
