// Facts 1.2: exchanges are declared, found, deleted; predeclared, internal and auto-delete ones.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
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

describe('predeclared exchanges', () => {
  const predeclared = {
    'amq.direct': 'direct',
    'amq.fanout': 'fanout',
    'amq.topic': 'topic',
    'amq.headers': 'headers',
    'amq.match': 'headers',
  }
  for (const [name, type] of Object.entries(predeclared)) {
    it(`${name} is a durable ${type} exchange`, async () => {
      const channel = await session.channel()
      await channel.checkExchange(name)
      await channel.assertExchange(name, type, { durable: true })
    })
  }

  it('amq.rabbitmq.trace is a durable internal topic exchange', async () => {
    const channel = await session.channel()
    await channel.assertExchange('amq.rabbitmq.trace', 'topic', { durable: true, internal: true })
  })
})

describe('declaring an exchange', () => {
  for (const type of ['direct', 'fanout', 'topic', 'headers']) {
    it(`${type} twice with the same properties succeeds`, async () => {
      const channel = await session.channel()
      const exchange = uniqueName(type)
      await channel.assertExchange(exchange, type, { durable: false })
      await channel.assertExchange(exchange, type, { durable: false })
      await channel.checkExchange(exchange)
      await channel.deleteExchange(exchange)
    })
  }

  it('drops line breaks from its name', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('lines')
    await channel.assertExchange(`${exchange}\r\n`, 'fanout', { durable: false })
    await channel.checkExchange(exchange)
    await channel.deleteExchange(exchange)
  })

  it('takes names of 255 bytes of UTF-8', async () => {
    const channel = await session.channel()
    const start = uniqueName('파발')
    const exchange = start.padEnd(start.length + 255 - Buffer.byteLength(start), 'x')
    assert.equal(Buffer.byteLength(exchange), 255)
    await channel.assertExchange(exchange, 'fanout', { durable: false })
    await channel.checkExchange(exchange)
    await channel.deleteExchange(exchange)
  })

  it('keeps unknown arguments without complaint', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('arguments')
    const options = { durable: false, arguments: { 'x-my-own': 'yes' } }
    await channel.assertExchange(exchange, 'fanout', options)
    await channel.deleteExchange(exchange)
  })
})

describe('deleting an exchange', () => {
  it('drops its bindings', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('deleted')
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.assertExchange(exchange, 'fanout', { durable: false })
    await channel.bindQueue(queue, exchange, '')
    await channel.deleteExchange(exchange)
    await channel.assertExchange(exchange, 'fanout', { durable: false })
    channel.publish(exchange, '', Buffer.from('lost'))
    assert.equal((await channel.checkQueue(queue)).messageCount, 0)
    await channel.deleteExchange(exchange)
  })

  it('that does not exist succeeds', async () => {
    const channel = await session.channel()
    await channel.deleteExchange(uniqueName('never-was'))
  })

  it('if unused succeeds without bindings', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('unused')
    await channel.assertExchange(exchange, 'fanout', { durable: false })
    await channel.deleteExchange(exchange, { ifUnused: true })
    await assert.rejects(channel.checkExchange(exchange), /404/)
  })
})

describe('an auto-delete exchange', () => {
  it('stays while it never had a binding', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('auto')
    await channel.assertExchange(exchange, 'fanout', { durable: false, autoDelete: true })
    await channel.checkExchange(exchange)
    await channel.deleteExchange(exchange)
  })

  it('goes with the last unbind', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('auto')
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.assertExchange(exchange, 'direct', { durable: false, autoDelete: true })
    await channel.bindQueue(queue, exchange, 'a')
    await channel.bindQueue(queue, exchange, 'b')
    await channel.unbindQueue(queue, exchange, 'a')
    await channel.checkExchange(exchange)
    await channel.unbindQueue(queue, exchange, 'b')
    await assert.rejects(channel.checkExchange(exchange), /404/)
  })

  it('goes with the last queue bound to it', async () => {
    const channel = await session.channel()
    const exchange = uniqueName('auto')
    const queue = uniqueName('bound')
    await channel.assertQueue(queue, { durable: false, exclusive: true })
    await channel.assertExchange(exchange, 'direct', { durable: false, autoDelete: true })
    await channel.bindQueue(queue, exchange, 'a')
    await channel.deleteQueue(queue)
    await assert.rejects(channel.checkExchange(exchange), /404/)
  })

  it('goes with the last exchange bound to it, and so down a chain', async () => {
    const channel = await session.channel()
    const [first, second] = [uniqueName('auto'), uniqueName('auto')]
    const { queue } = await channel.assertQueue('', { exclusive: true })
    for (const exchange of [first, second])
      await channel.assertExchange(exchange, 'fanout', { durable: false, autoDelete: true })
    await channel.bindExchange(second, first, '')
    await channel.bindQueue(queue, second, '')
    await channel.deleteQueue(queue)
    await assert.rejects(channel.checkExchange(second), /404/)
    const again = await session.channel()
    await assert.rejects(again.checkExchange(first), /404/)
  })
})

describe('an internal exchange', () => {
  it('refuses messages from clients and takes them from exchanges', async () => {
    const channel = await session.channel()
    const [entry, inner] = [uniqueName('entry'), uniqueName('inner')]
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.assertExchange(entry, 'fanout', { durable: false })
    await channel.assertExchange(inner, 'fanout', { durable: false, internal: true })
    await channel.bindExchange(inner, entry, '')
    await channel.bindQueue(queue, inner, '')
    channel.publish(entry, '', Buffer.from('through'))
    assert.ok(await channel.get(queue, { noAck: true }))
    channel.publish(inner, '', Buffer.from('refused'))
    const error = await channelClosed(channel)
    assert.equal(error.code, 403)
    assert.equal(
      replyText(error),
      `ACCESS_REFUSED - cannot publish to internal exchange '${inner}' in vhost '/'`,
    )
    const cleaner = await session.channel()
    for (const exchange of [entry, inner]) await cleaner.deleteExchange(exchange)
  })
})
