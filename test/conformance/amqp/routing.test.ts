// Facts 1.2: which queues a message reaches through each type of exchange.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'

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

/** Declares an exchange and one queue per binding; the queues go with the connection. */
async function bound(
  type: string,
  bindings: readonly { readonly key?: string; readonly args?: object }[],
): Promise<{ channel: Channel; exchange: string; queues: string[] }> {
  const channel = await session.channel()
  const exchange = uniqueName(type)
  await channel.assertExchange(exchange, type, { durable: false, autoDelete: true })
  const queues: string[] = []
  for (const { key = '', args = {} } of bindings) {
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, exchange, key, args)
    queues.push(queue)
  }
  return { channel, exchange, queues }
}

/** Bodies waiting in each queue, emptied. */
async function drained(channel: Channel, queues: readonly string[]): Promise<string[][]> {
  const result: string[][] = []
  for (const queue of queues) {
    const bodies: string[] = []
    for (;;) {
      const message = await channel.get(queue, { noAck: true })
      if (!message) break
      bodies.push(message.content.toString())
    }
    result.push(bodies)
  }
  return result
}

describe('default exchange', () => {
  it('routes to the queue named by the routing key', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    channel.publish('', queue, Buffer.from('hello'))
    const message = await channel.get(queue, { noAck: true })
    assert.ok(message)
    assert.equal(message.fields.exchange, '')
    assert.equal(message.fields.routingKey, queue)
  })
})

describe('direct exchange', () => {
  it('routes by the whole key, once per queue however often it is bound', async () => {
    const bindings = [{ key: 'a' }, { key: 'b' }, { key: 'a' }]
    const { channel, exchange, queues } = await bound('direct', bindings)
    await channel.bindQueue(queues[0] as string, exchange, 'a')
    await channel.bindQueue(queues[0] as string, exchange, 'b')
    for (const key of ['a', 'b', 'ab', '']) channel.publish(exchange, key, Buffer.from(key))
    assert.deepEqual(await drained(channel, queues), [['a', 'b'], ['b'], ['a']])
  })

  it('tells bindings with different arguments apart', async () => {
    const { channel, exchange, queues } = await bound('direct', [{ key: 'k', args: { x: 1 } }])
    const queue = queues[0] as string
    await channel.bindQueue(queue, exchange, 'k', { x: 2 })
    await channel.unbindQueue(queue, exchange, 'k', { x: 1 })
    channel.publish(exchange, 'k', Buffer.from('still'))
    assert.deepEqual(await drained(channel, queues), [['still']])
  })
})

describe('fanout exchange', () => {
  it('routes to every queue whatever the key', async () => {
    const { channel, exchange, queues } = await bound('fanout', [{ key: 'x' }, { key: 'y' }, {}])
    channel.publish(exchange, 'z', Buffer.from('all'))
    assert.deepEqual(await drained(channel, queues), [['all'], ['all'], ['all']])
  })
})

describe('topic exchange', () => {
  const patterns: Record<string, { matches: string[]; misses: string[] }> = {
    '#': { matches: ['', 'a', 'a.b.c', '..'], misses: [] },
    '*': { matches: ['a'], misses: ['', 'a.b'] },
    'user.created': {
      matches: ['user.created'],
      misses: ['user', 'user.created.now', 'USER.created'],
    },
    'user.*': { matches: ['user.created', 'user.'], misses: ['user', 'user.a.b'] },
    'user.#': { matches: ['user', 'user.a', 'user.a.b'], misses: ['users.a'] },
    '#.log': { matches: ['log', 'a.log', 'a.b.log'], misses: ['log.a', 'logs'] },
    '*.*.c': { matches: ['a.b.c'], misses: ['b.c', 'a.a.b.c'] },
    'a.#.b': { matches: ['a.b', 'a.x.b', 'a.b.b', 'a.b.x.b'], misses: ['a', 'b', 'a.b.c'] },
    '#.a.#': { matches: ['a', 'x.a', 'a.y', 'x.a.y'], misses: ['x.y', ''] },
    'a.*.#': { matches: ['a.b', 'a.b.c'], misses: ['a'] },
    'a*': { matches: ['a*'], misses: ['ab'] },
  }
  for (const [pattern, { matches, misses }] of Object.entries(patterns)) {
    it(`pattern ${pattern}`, async () => {
      const { channel, exchange, queues } = await bound('topic', [{ key: pattern }])
      for (const key of [...matches, ...misses]) channel.publish(exchange, key, Buffer.from(key))
      assert.deepEqual(await drained(channel, queues), [matches])
    })
  }

  it('delivers once to a queue that several patterns match', async () => {
    const { channel, exchange, queues } = await bound('topic', [{ key: '#' }, { key: 'a.*' }])
    await channel.bindQueue(queues[0] as string, exchange, 'a.b')
    channel.publish(exchange, 'a.b', Buffer.from('once'))
    assert.deepEqual(await drained(channel, queues), [['once'], ['once']])
  })

  it('stops with the unbind of the pattern', async () => {
    const { channel, exchange, queues } = await bound('topic', [{ key: 'a.#' }, { key: '#' }])
    await channel.unbindQueue(queues[0] as string, exchange, 'a.#')
    channel.publish(exchange, 'a.b', Buffer.from('x'))
    assert.deepEqual(await drained(channel, queues), [[], ['x']])
  })
})

describe('headers exchange', () => {
  const bindings = {
    all: { 'x-match': 'all', type: 'order', size: 3 },
    'no x-match is all': { type: 'order', size: 3 },
    any: { 'x-match': 'any', type: 'order', size: 3 },
    'all ignores x-': { 'x-match': 'all', type: 'order', 'x-region': 'eu' },
    'any ignores x-': { 'x-match': 'any', 'x-region': 'eu', missing: 1 },
    'nothing to match': { 'x-match': 'all' },
    'any of nothing': { 'x-match': 'any' },
    presence: { 'x-match': 'all', type: null },
  }
  const published: Record<string, { headers: object; reaches: (keyof typeof bindings)[] }> = {
    both: {
      headers: { type: 'order', size: 3, more: true },
      reaches: [
        'all',
        'no x-match is all',
        'any',
        'all ignores x-',
        'nothing to match',
        'presence',
      ],
    },
    'one of them': {
      headers: { type: 'order', size: 4 },
      reaches: ['any', 'all ignores x-', 'nothing to match', 'presence'],
    },
    'other types': {
      headers: { type: 'order', size: '3' },
      reaches: ['any', 'all ignores x-', 'nothing to match', 'presence'],
    },
    neither: { headers: { other: 1 }, reaches: ['nothing to match'] },
    'only an x- header': { headers: { 'x-region': 'eu' }, reaches: ['nothing to match'] },
    none: { headers: {}, reaches: ['nothing to match'] },
  }
  it('matches all or any, and ignores headers that start with x-', async () => {
    const names = Object.keys(bindings)
    const { channel, exchange, queues } = await bound(
      'headers',
      Object.values(bindings).map((args) => ({ args })),
    )
    for (const [name, { headers }] of Object.entries(published))
      channel.publish(exchange, 'any.key', Buffer.from(name), { headers })
    const received = await drained(channel, queues)
    for (const [name, { reaches }] of Object.entries(published)) {
      const reached = names.filter((_, index) => received[index]?.includes(name))
      assert.deepEqual(reached, reaches, name)
    }
  })

  it('matches x- headers too with all-with-x and any-with-x', async () => {
    const { channel, exchange, queues } = await bound('headers', [
      { args: { 'x-match': 'all-with-x', type: 'order', 'x-region': 'eu' } },
      { args: { 'x-match': 'any-with-x', type: 'order', 'x-region': 'eu' } },
    ])
    const headers = { both: { type: 'order', 'x-region': 'eu' }, x: { 'x-region': 'eu' } }
    for (const [name, each] of Object.entries(headers))
      channel.publish(exchange, '', Buffer.from(name), { headers: each })
    assert.deepEqual(await drained(channel, queues), [['both'], ['both', 'x']])
  })

  it('compares numbers by value whatever their width', async () => {
    const { channel, exchange, queues } = await bound('headers', [{ args: { n: 300 } }])
    const headers = { n: { '!': 'int64', value: 300 } }
    channel.publish(exchange, '', Buffer.from('wide'), { headers })
    assert.deepEqual(await drained(channel, queues), [['wide']])
  })
})

describe('a message to several queues', () => {
  it('reaches each with the same content and its own life', async () => {
    const { channel, exchange, queues } = await bound('fanout', [{}, {}])
    channel.publish(exchange, 'k', Buffer.from('shared'), { headers: { a: 1 }, messageId: 'm1' })
    const [first, second] = [
      await channel.get(queues[0] as string),
      await channel.get(queues[1] as string),
    ]
    assert.ok(first && second)
    assert.deepEqual(first.content, second.content)
    assert.deepEqual(first.properties, second.properties)
    channel.ack(first)
    channel.nack(second)
    assert.equal((await channel.checkQueue(queues[0] as string)).messageCount, 0)
    assert.equal((await channel.checkQueue(queues[1] as string)).messageCount, 1)
  })
})
