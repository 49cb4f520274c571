// Exchanges of type x-message-deduplication, which RabbitMQ has as a plugin.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ConfirmChannel } from 'amqplib'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { onlyPabal, uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

const type = 'x-message-deduplication'

describe('x-message-deduplication', onlyPabal, () => {
  let broker: TestBroker
  before(async () => {
    broker = await TestBroker.start()
  })
  after(() => broker[Symbol.asyncDispose]())

  async function declare(channel: ConfirmChannel, args: object): Promise<[string, string]> {
    const exchange = uniqueName('dedup')
    const queue = uniqueName('q')
    await channel.assertExchange(exchange, type, { arguments: args })
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, exchange, 'ignored')
    return [exchange, queue]
  }

  function publish(channel: ConfirmChannel, exchange: string, id: unknown, options = {}): void {
    const headers = id === undefined ? {} : { 'x-deduplication-header': id }
    channel.publish(exchange, 'k', Buffer.from('x'), { headers, ...options })
  }

  it('lets each id through once, and all that have none', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    const [exchange, queue] = await declare(channel, { 'x-cache-size': '5', 'x-cache-ttl': 60_000 })
    for (const id of ['a', 'a', 'b', undefined, undefined, 'b', 7, 7])
      publish(channel, exchange, id)
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue(queue)).messageCount, 5)
  })

  it('confirms a repeat, and returns it when it is mandatory', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    const [exchange] = await declare(channel, { 'x-cache-size': 5 })
    const returned: string[] = []
    channel.on('return', ({ fields }) =>
      returned.push((fields as { replyText?: string }).replyText ?? ''),
    )
    publish(channel, exchange, 'a', { mandatory: true })
    publish(channel, exchange, 'a')
    publish(channel, exchange, 'a', { mandatory: true })
    await channel.waitForConfirms()
    assert.deepEqual(returned, ['NO_ROUTE'])
  })

  it('sends a repeat to the alternate exchange', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    const alternate = uniqueName('alternate')
    const repeats = uniqueName('repeats')
    await channel.assertExchange(alternate, 'fanout')
    await channel.assertQueue(repeats)
    await channel.bindQueue(repeats, alternate, '')
    const [exchange, queue] = await declare(channel, {
      'x-cache-size': 5,
      'alternate-exchange': alternate,
    })
    for (let count = 0; count < 3; count++) publish(channel, exchange, 'a')
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue(queue)).messageCount, 1)
    assert.equal((await channel.checkQueue(repeats)).messageCount, 2)
  })

  it('takes part behind another exchange', async () => {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    const [exchange, queue] = await declare(channel, { 'x-cache-size': 5 })
    const front = uniqueName('front')
    await channel.assertExchange(front, 'topic')
    await channel.bindExchange(exchange, front, '#')
    for (let count = 0; count < 3; count++) publish(channel, front, 'a')
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue(queue)).messageCount, 1)
  })

  for (const [args, text] of [
    [{}, `Missing or invalid argument, 'x-cache-size' must be an integer greater than 0`],
    [
      { 'x-cache-size': 0 },
      `Missing or invalid argument, 'x-cache-size' must be an integer greater than 0`,
    ],
    [
      { 'x-cache-size': 1, 'x-cache-ttl': 'x' },
      `Invalid argument, 'x-cache-ttl' must be an integer greater than 0`,
    ],
    [
      { 'x-cache-size': 1, 'x-cache-persistence': 'x' },
      `Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'`,
    ],
  ] as const) {
    it(`is refused with ${JSON.stringify(args)}`, async () => {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      const closed = channelClosed(channel)
      await assert.rejects(channel.assertExchange(uniqueName('x'), type, { arguments: args }))
      assert.equal(replyText(await closed), `PRECONDITION_FAILED - ${text}`)
    })
  }

  for (const kind of ['stop', 'kill'] as const) {
    it(`knows what it knew after a ${kind} and a restart`, async () => {
      const names = await (async () => {
        await using session = await AmqpSession.open(broker.url)
        const channel = await session.confirmChannel()
        const declared = await declare(channel, { 'x-cache-size': 1000 })
        for (let id = 0; id < 500; id++) publish(channel, declared[0], `id-${id}`)
        await channel.waitForConfirms()
        return declared
      })()
      await broker[kind]()
      await broker.restart()
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      const [exchange, queue] = names
      for (let id = 0; id < 600; id++) publish(channel, exchange, `id-${id}`)
      await channel.waitForConfirms()
      assert.equal((await channel.checkQueue(queue)).messageCount, 600)
    })
  }
})
