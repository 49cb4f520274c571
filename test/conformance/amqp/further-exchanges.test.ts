// Exchange types that RabbitMQ has as plugins: x-consistent-hash, x-random, x-modulus-hash,
// x-local-random, x-recent-history. What messages they choose is tested beside their matchers.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'

// RabbitMQ has them only with its plugins enabled.
const further = { concurrency: false, ...onlyPabal }

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

async function exchange(channel: Channel, type: string, args: object = {}): Promise<string> {
  const name = uniqueName(type)
  await channel.assertExchange(name, type, { durable: false, arguments: args })
  return name
}

async function boundQueues(channel: Channel, source: string, keys: readonly string[]) {
  const queues: string[] = []
  for (const key of keys) {
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, source, key)
    queues.push(queue)
  }
  return queues
}

async function counts(channel: Channel, queues: readonly string[]): Promise<number[]> {
  const found: number[] = []
  for (const queue of queues) found.push((await channel.checkQueue(queue)).messageCount)
  return found
}

async function texts(channel: Channel, queue: string): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return found
    found.push(message.content.toString())
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

describe('exchanges that choose one binding', further, () => {
  for (const [type, key] of [
    ['x-consistent-hash', '10'],
    ['x-modulus-hash', 'any'],
    ['x-random', 'any'],
    ['x-local-random', ''],
  ] as const) {
    it(`${type} gives each message to one queue, and every queue some`, async () => {
      const channel = await session.confirmChannel()
      const source = await exchange(channel, type)
      const queues = await boundQueues(channel, source, [key, key, key])
      for (let index = 0; index < 300; index++) {
        channel.publish(source, `order-${index}`, Buffer.from('x'))
      }
      await channel.waitForConfirms()
      const found = await counts(channel, queues)
      assert.equal(sum(found), 300)
      for (const count of found) assert.ok(count > 30, found.join())
    })

    it(`${type} leaves messages to its alternate while nothing is bound`, async () => {
      const channel = await session.channel()
      const alternate = await exchange(channel, 'fanout')
      const [queue] = (await boundQueues(channel, alternate, [''])) as [string]
      const source = await exchange(channel, type, { 'alternate-exchange': alternate })
      channel.publish(source, 'k', Buffer.from('nobody is bound'))
      assert.deepEqual(await texts(channel, queue), ['nobody is bound'])
    })
  }

  it('a key goes the same way as long as the bindings stay', async () => {
    for (const [type, key] of [
      ['x-consistent-hash', '1'],
      ['x-modulus-hash', ''],
    ] as const) {
      const channel = await session.channel()
      const source = await exchange(channel, type)
      const queues = await boundQueues(channel, source, [key, key, key, key])
      for (let index = 0; index < 20; index++) channel.publish(source, 'one', Buffer.from('x'))
      assert.deepEqual(
        (await counts(channel, queues)).toSorted((a, b) => a - b),
        [0, 0, 0, 20],
      )
    }
  })

  it('x-consistent-hash follows a header and a property', async () => {
    const channel = await session.channel()
    const byHeader = await exchange(channel, 'x-consistent-hash', { 'hash-header': 'tenant' })
    const byProperty = await exchange(channel, 'x-consistent-hash', {
      'hash-property': 'message_id',
    })
    for (const source of [byHeader, byProperty]) {
      const queues = await boundQueues(channel, source, ['1', '1', '1'])
      for (let index = 0; index < 60; index++) {
        const options = { headers: { tenant: `t${index}` }, messageId: `m${index}` }
        channel.publish(source, 'same', Buffer.from('x'), options)
      }
      const found = await counts(channel, queues)
      assert.equal(sum(found), 60)
      for (const count of found) assert.ok(count > 0, found.join())
    }
  })

  it('a message chooses anew at each exchange behind another', async () => {
    const channel = await session.channel()
    const first = await exchange(channel, 'fanout')
    const second = await exchange(channel, 'x-random')
    await channel.bindExchange(second, first, '')
    const queues = await boundQueues(channel, second, ['', ''])
    for (let index = 0; index < 100; index++) channel.publish(first, 'k', Buffer.from('x'))
    const found = await counts(channel, queues)
    assert.equal(sum(found), 100)
    for (const count of found) assert.ok(count > 10, found.join())
  })

  it('a CC header adds no second queue', async () => {
    for (const [type, key] of [
      ['x-consistent-hash', '1'],
      ['x-modulus-hash', ''],
      ['x-random', ''],
    ] as const) {
      const channel = await session.channel()
      const source = await exchange(channel, type)
      const queues = await boundQueues(channel, source, [key, key, key])
      channel.publish(source, 'a', Buffer.from('x'), { CC: ['b', 'c', 'd'], BCC: ['e'] })
      assert.equal(sum(await counts(channel, queues)), 1)
    }
  })
})

describe('what these exchanges refuse', further, () => {
  for (const [type, key, text] of [
    ['x-consistent-hash', 'many', 'The binding key must be an integer: <<"many">>'],
    ['x-consistent-hash', '0', 'The binding key must be greater than 0'],
    ['x-consistent-hash', '10001', 'The binding key must not exceed 10000'],
    ['x-local-random', 'k', "Non empty binding 'k' key not permitted"],
  ] as const) {
    it(`${type}: the binding key '${key}'`, async () => {
      const channel = await session.channel()
      const source = await exchange(channel, type)
      const { queue } = await channel.assertQueue('', { exclusive: true })
      channel.bindQueue(queue, source, key).catch(() => {})
      const error = await channelClosed(channel)
      assert.equal(replyText(error), `PRECONDITION_FAILED - ${text}`)
    })
  }

  for (const [type, args, text] of [
    ['x-consistent-hash', { 'hash-property': 'type' }, 'Unsupported property: type'],
    [
      'x-consistent-hash',
      { 'hash-property': 'timestamp', 'hash-header': 'h' },
      'hash-header and hash-property are mutually exclusive',
    ],
    [
      'x-recent-history',
      { 'x-recent-history-length': -1 },
      "Invalid argument -1, 'x-recent-history-length' must be a positive integer",
    ],
  ] as const) {
    it(`${type}: ${JSON.stringify(args)}`, async () => {
      const channel = await session.channel()
      exchange(channel, type, args).catch(() => {})
      const error = await channelClosed(channel)
      assert.equal(error.code, 406)
      assert.equal(replyText(error), `PRECONDITION_FAILED - ${text}`)
    })
  }
})

describe('x-recent-history', further, () => {
  it('routes like fanout, and gives a new binding the last messages in their order', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'x-recent-history', { 'x-recent-history-length': 3 })
    const [early] = (await boundQueues(channel, source, [''])) as [string]
    for (const text of ['a', 'b', 'c', 'd']) {
      channel.publish(source, 'k', Buffer.from(text), { messageId: text })
    }
    const [late] = (await boundQueues(channel, source, ['another'])) as [string]
    assert.deepEqual(await texts(channel, early), ['a', 'b', 'c', 'd'])
    const first = await channel.get(late, { noAck: true })
    assert.ok(first)
    assert.equal(first.content.toString(), 'b')
    assert.equal(first.properties.messageId, 'b')
    assert.equal(first.fields.exchange, source)
    assert.equal(first.fields.routingKey, 'k')
    assert.equal(first.fields.redelivered, false)
    assert.deepEqual(await texts(channel, late), ['c', 'd'])
  })

  it('remembers twenty by default, also those that nobody was bound for', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'x-recent-history')
    for (let index = 0; index < 25; index++) channel.publish(source, '', Buffer.from(`m${index}`))
    const [queue] = (await boundQueues(channel, source, [''])) as [string]
    const last = Array.from({ length: 20 }, (_, index) => `m${index + 5}`)
    assert.deepEqual(await texts(channel, queue), last)
  })

  it('forgets what says so, and keeps CC messages once', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'x-recent-history')
    const noStore = { headers: { 'x-recent-history-no-store': true } }
    channel.publish(source, '', Buffer.from('secret'), noStore)
    channel.publish(source, '', Buffer.from('copied'), { CC: ['b'], BCC: ['c'] })
    const [queue] = (await boundQueues(channel, source, [''])) as [string]
    const message = await channel.get(queue, { noAck: true })
    assert.ok(message)
    assert.equal(message.content.toString(), 'copied')
    assert.equal(message.properties.headers?.['BCC'], undefined)
    assert.deepEqual(await texts(channel, queue), [])
  })

  it('gives it to an exchange, which routes it on', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'x-recent-history')
    const direct = await exchange(channel, 'direct')
    const [queue] = (await boundQueues(channel, direct, ['wanted'])) as [string]
    for (const key of ['wanted', 'other', 'wanted']) channel.publish(source, key, Buffer.from(key))
    await channel.bindExchange(direct, source, '')
    assert.deepEqual(await texts(channel, queue), ['wanted', 'wanted'])
  })

  it('does not give it again for the same binding', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'x-recent-history')
    channel.publish(source, '', Buffer.from('once'))
    const [queue] = (await boundQueues(channel, source, [''])) as [string]
    await channel.bindQueue(queue, source, '')
    assert.deepEqual(await texts(channel, queue), ['once'])
  })

  it('remembers dead letters', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'x-recent-history')
    const { queue: failing } = await channel.assertQueue('', {
      exclusive: true,
      deadLetterExchange: source,
    })
    channel.sendToQueue(failing, Buffer.from('dead'))
    const message = await channel.get(failing)
    assert.ok(message)
    channel.reject(message, false)
    const [queue] = (await boundQueues(channel, source, [''])) as [string]
    assert.deepEqual(await texts(channel, queue), ['dead'])
  })
})
