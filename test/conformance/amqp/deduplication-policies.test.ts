// Policies with the keys of RabbitMQ's plugin for deduplication, changed while clients publish; and rewinds
// of queues that deduplicate.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ConfirmChannel } from 'amqplib'
import { BrokerClient } from '../../../src/cli/broker-client.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { onlyPabal, uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

describe('deduplication by policy', onlyPabal, () => {
  let broker: TestBroker
  let session: AmqpSession
  let channel: ConfirmChannel
  before(async () => {
    broker = await TestBroker.start()
    await connect()
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await broker[Symbol.asyncDispose]()
  })

  async function connect(): Promise<void> {
    session = await AmqpSession.open(broker.url)
    channel = await session.confirmChannel()
  }

  async function kill(): Promise<void> {
    await session[Symbol.asyncDispose]()
    await broker.kill()
    await broker.restart()
    await connect()
  }

  function ask(
    method: 'PUT' | 'DELETE',
    name: string,
    definition?: object,
    list = 'policies',
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const body = definition && { pattern: `^${name}$`, definition }
    return new BrokerClient(broker.dataFolder).ask(method, [list, '/', name], body)
  }

  async function setPolicy(name: string, definition?: object): Promise<void> {
    const { status, body } = await ask(definition ? 'PUT' : 'DELETE', name, definition)
    assert.ok(status < 300, JSON.stringify(body))
  }

  /** Publishes a message for each letter, which is its id. */
  async function send(exchange: string, key: string, ids: string): Promise<void> {
    for (const id of ids) {
      const headers = { 'x-deduplication-header': id }
      channel.publish(exchange, key, Buffer.from(id), { headers, persistent: true })
    }
    await channel.waitForConfirms()
  }

  async function take(queue: string): Promise<string> {
    let ids = ''
    for (;;) {
      const message = await channel.get(queue)
      if (message === false) break
      ids += message.content.toString()
      channel.ack(message)
    }
    // The acks are durable when a later confirm is.
    await channel.assertQueue('ballast')
    await send('', 'ballast', 'x')
    return ids
  }

  for (const type of ['classic', 'quorum']) {
    it(`begins and ends in a ${type} queue, also after kill -9`, async () => {
      const queue = uniqueName('dedup')
      await channel.assertQueue(queue, { arguments: { 'x-queue-type': type } })
      await send('', queue, 'aa')
      await setPolicy(queue, { 'x-message-deduplication': true })
      await send('', queue, 'abb')
      await kill()
      await send('', queue, 'ab')
      assert.equal(await take(queue), 'aaab')
      await send('', queue, 'aa')
      await setPolicy(queue)
      await send('', queue, 'aa')
      assert.equal(await take(queue), 'aaa')
    })
  }

  it('wins over the argument of a queue', async () => {
    const queue = uniqueName('dedup')
    await channel.assertQueue(queue, { arguments: { 'x-message-deduplication': true } })
    await setPolicy(queue, { 'x-message-deduplication': false })
    await send('', queue, 'aa')
    await setPolicy(queue)
    await send('', queue, 'bb')
    assert.equal(await take(queue), 'aab')
  })

  it('changes the window of an exchange', async () => {
    const exchange = uniqueName('dedup')
    await channel.assertExchange(exchange, 'x-message-deduplication', {
      arguments: { 'x-cache-size': 100, 'x-cache-persistence': 'memory' },
    })
    const { queue } = await channel.assertQueue(uniqueName('dedup'))
    await channel.bindQueue(queue, exchange, '')
    await setPolicy(exchange, { 'x-cache-size': 2, 'x-cache-persistence': 'disk' })
    await send(exchange, '', 'abcca')
    assert.equal(await take(queue), 'abca')
    await kill()
    await send(exchange, '', 'acb')
    assert.equal(await take(queue), 'b')
    await setPolicy(exchange, { 'x-cache-ttl': 1 })
    await send(exchange, '', 'd')
    const sent = Date.now()
    while (Date.now() - sent < 2) await send(exchange, '', 'd')
    await send(exchange, '', 'd')
    assert.ok((await take(queue)).length >= 2)
  })

  it('is refused in the words of the plugin, and to operators', async () => {
    const refusals: [object, string][] = [
      [{ 'x-message-deduplication': 1 }, '"x-message-deduplication" must be a boolean, got 1'],
      [{ 'x-cache-size': 0 }, '"x-cache-size" must be an integer greater than 0, got 0'],
      [{ 'x-cache-ttl': 'a' }, '"x-cache-ttl" must be an integer greater than 0, got <<"a">>'],
      [
        { 'x-cache-persistence': 'ssd' },
        '"x-cache-persistence" must be either "disk" or "memory", got <<"ssd">>',
      ],
    ]
    for (const [definition, text] of refusals) {
      const { status, body } = await ask('PUT', 'refused', definition)
      const expected = { error: 'bad_request', reason: `Validation failed\n\n${text}\n` }
      assert.deepEqual([status, body], [400, expected])
    }
    const { status } = await ask('PUT', 'refused', { 'x-cache-ttl': 1 }, 'operator-policies')
    assert.equal(status, 400)
  })

  it('lets a rewind bring messages back whatever their ids, and others in once', async () => {
    const queue = uniqueName('dedup')
    const args = { 'x-message-deduplication': true, 'x-retention-ms': 3_600_000 }
    await channel.assertQueue(queue, { arguments: args })
    await send('', queue, 'ab')
    assert.equal(await take(queue), 'ab')
    const rewind = async (): Promise<void> => {
      const path = ['queues', '/', queue, 'rewind']
      const { status } = await new BrokerClient(broker.dataFolder).ask('POST', path, { offset: 0 })
      assert.equal(status, 200)
    }
    await rewind()
    await send('', queue, 'aa')
    await kill()
    await send('', queue, 'a')
    assert.equal(await take(queue), 'aba')
    await rewind()
    assert.equal(await take(queue), 'aba')
  })
})
