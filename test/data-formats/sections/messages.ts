// Messages in work queues, and the state that each of them is in.
import assert from 'node:assert/strict'
import type { Options } from 'amqplib'
import { hourMs, openedAfterMs, takeAll, takeBodies, whenReady } from '../section.ts'
import type { Section } from '../section.ts'

const properties: Options.Publish = {
  persistent: true,
  contentType: 'text/plain',
  contentEncoding: 'identity',
  priority: 3,
  correlationId: 'correlation',
  replyTo: 'reply',
  messageId: 'message',
  timestamp: 1_790_000_000,
  type: 'type',
  userId: 'guest',
  appId: 'app',
  headers: {
    text: 'ü ✓',
    number: -5,
    long: 2 ** 40,
    double: 1.5,
    yes: true,
    nothing: null,
    bytes: Buffer.from([0, 255]),
    list: [1, 'two', [3]],
    table: { inner: { deep: 1 } },
  },
}

export const classic: Section = {
  name: 'classic',

  async fill({ channel }) {
    await channel.assertExchange('in', 'topic', { alternateExchange: 'lost' })
    await channel.assertExchange('lost', 'fanout')
    await channel.assertExchange('behind', 'headers')
    await channel.bindExchange('behind', 'in', 'h.#', { 'x-match': 'all' })
    await channel.assertQueue('classic', { maxLength: 1000 })
    await channel.assertQueue('lost')
    await channel.bindQueue('classic', 'in', 'a.*')
    await channel.bindQueue('lost', 'lost', '')
    channel.publish('in', 'a.first', Buffer.from('with everything'), properties)
    channel.publish('in', 'b.nowhere', Buffer.from('lost'), { persistent: true })
    for (const body of ['acked', 'unacked', 'requeued', 'last']) {
      channel.publish('in', 'a.b', Buffer.from(body), { persistent: true })
    }
    await channel.waitForConfirms()
    const [first, acked, unacked, requeued] = [
      await channel.get('classic'),
      await channel.get('classic'),
      await channel.get('classic'),
      await channel.get('classic'),
    ]
    assert.ok(first && acked && unacked && requeued)
    channel.nack(first)
    channel.nack(requeued)
    channel.ack(acked)
  },

  async check({ channel }) {
    // One with the same arguments is the same queue; with others it is refused.
    await channel.assertQueue('classic', { maxLength: 1000 })
    const messages = await takeAll(channel, 'classic')
    assert.deepEqual(
      messages.map(({ content, fields }) => [content.toString(), fields.redelivered]),
      [
        ['with everything', true],
        ['unacked', true],
        ['requeued', true],
        ['last', false],
      ],
    )
    const [first] = messages
    const { headers, ...rest } = properties
    const { persistent: _, ...shown } = rest
    const found = Object.fromEntries(
      Object.entries(first?.properties ?? {}).filter(([, value]) => value !== undefined),
    )
    assert.deepEqual(found, { ...shown, deliveryMode: 2, headers })
    assert.equal(first?.fields.routingKey, 'a.first')
    assert.deepEqual(await takeBodies(channel, 'lost'), ['lost'])
    channel.publish('in', 'b.again', Buffer.from('lost again'))
    channel.publish('in', 'a.again', Buffer.from('again'))
    await channel.waitForConfirms()
    assert.deepEqual(await takeBodies(channel, 'lost'), ['lost again'])
    assert.deepEqual(await takeBodies(channel, 'classic'), ['again'])
  },
}

export const priorities: Section = {
  name: 'priorities',

  async fill({ channel }) {
    await channel.assertQueue('priorities', { maxPriority: 5 })
    for (const priority of [0, 5, 2, 5]) {
      const options = { persistent: true, priority }
      channel.sendToQueue('priorities', Buffer.from(`priority ${priority}`), options)
    }
    await channel.waitForConfirms()
  },

  async check({ channel }) {
    assert.deepEqual(await takeBodies(channel, 'priorities'), [
      'priority 5',
      'priority 5',
      'priority 2',
      'priority 0',
    ])
  },
}

export const quorum: Section = {
  name: 'quorum',

  async fill({ channel }) {
    const queue = { arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 } }
    await channel.assertQueue('quorum', queue)
    channel.sendToQueue('quorum', Buffer.from('came back'), { persistent: true })
    channel.sendToQueue('quorum', Buffer.from('fresh'), { persistent: true })
    await channel.waitForConfirms()
    for (let count = 0; count < 2; count++) {
      const message = await channel.get('quorum')
      assert.ok(message)
      channel.nack(message)
    }
    await whenReady(channel, 'quorum', 2)
  },

  async check({ channel }) {
    const found = (await takeAll(channel, 'quorum')).map(({ content, properties: { headers } }) => [
      content.toString(),
      headers?.['x-delivery-count'],
    ])
    assert.deepEqual(found, [
      ['came back', 2],
      ['fresh', undefined],
    ])
  },
}

export const deadLetters: Section = {
  name: 'dead letters',

  async fill({ channel }) {
    await channel.assertQueue('dead')
    await channel.assertQueue('dying', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' })
    channel.sendToQueue('dying', Buffer.from('rejected'), { persistent: true })
    await channel.waitForConfirms()
    const message = await channel.get('dying')
    assert.ok(message)
    channel.nack(message, false, false)
    await whenReady(channel, 'dead', 1)
    for (const [body, expiration] of [
      ['expires', openedAfterMs / 2],
      ['stays', openedAfterMs * 10],
    ] as const) {
      channel.sendToQueue('dying', Buffer.from(body), { persistent: true, expiration })
    }
    await channel.waitForConfirms()
  },

  async check({ channel }) {
    await whenReady(channel, 'dead', 2)
    const dead = await takeAll(channel, 'dead')
    const deaths = dead.map(({ content, properties: { headers } }) => {
      const [death] = headers?.['x-death'] ?? []
      return [content.toString(), death?.reason, death?.queue, death?.count]
    })
    assert.deepEqual(deaths, [
      ['rejected', 'rejected', 'dying', 1],
      ['expires', 'expired', 'dying', 1],
    ])
    assert.deepEqual(await takeBodies(channel, 'dying'), ['stays'])
  },
}

export const delayed: Section = {
  name: 'delayed',

  async fill({ channel }) {
    await channel.assertExchange('later', 'x-delayed-message', {
      arguments: { 'x-delayed-type': 'direct' },
    })
    await channel.assertQueue('reminders')
    await channel.bindQueue('reminders', 'later', 'mail')
    for (const hours of [30, 2, 30 * 24]) {
      const options = { persistent: true, headers: { 'x-delay': hours * hourMs } }
      channel.publish('later', 'mail', Buffer.from(`after ${hours} hours`), options)
    }
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue('reminders')).messageCount, 0)
  },

  async check({ channel }) {
    await whenReady(channel, 'reminders', 2)
    assert.deepEqual(await takeBodies(channel, 'reminders'), ['after 2 hours', 'after 30 hours'])
  },
}

/** More than fits into the log, so that it has a file of its own. */
const largeBody: Buffer = Buffer.alloc(1_200_000, 'a large body ')

export const large: Section = {
  name: 'large',

  async fill({ channel }) {
    for (const queue of ['large 1', 'large 2']) {
      await channel.assertQueue(queue)
      await channel.bindQueue(queue, 'amq.fanout', 'large')
    }
    channel.publish('amq.fanout', 'large', largeBody, { persistent: true })
    await channel.waitForConfirms()
  },

  async check({ channel }) {
    for (const queue of ['large 1', 'large 2']) {
      const [message] = await takeAll(channel, queue)
      assert.ok(message?.content.equals(largeBody))
    }
  },
}
