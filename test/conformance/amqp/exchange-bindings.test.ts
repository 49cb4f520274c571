// Facts 1.2: exchange-to-exchange bindings and alternate exchanges.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { waitFor } from '../../support/wait-for.ts'

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
  await channel.assertExchange(name, type, { durable: false, ...args })
  return name
}

async function queue(channel: Channel): Promise<string> {
  return (await channel.assertQueue('', { exclusive: true })).queue
}

async function count(channel: Channel, name: string): Promise<number> {
  return (await channel.checkQueue(name)).messageCount
}

describe('exchange-to-exchange bindings', () => {
  it('pass messages on with their routing key', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'topic')
    const destination = await exchange(channel, 'direct')
    const target = await queue(channel)
    await channel.bindExchange(destination, source, 'order.*')
    await channel.bindQueue(target, destination, 'order.paid')
    for (const key of ['order.paid', 'order.sent', 'invoice.paid'])
      channel.publish(source, key, Buffer.from(key))
    const message = await channel.get(target, { noAck: true })
    assert.ok(message)
    assert.equal(message.content.toString(), 'order.paid')
    assert.equal(message.fields.exchange, source)
    assert.equal(message.fields.routingKey, 'order.paid')
    assert.equal(message.fields.messageCount, 0)
  })

  it('deliver once to a queue that several paths reach', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'fanout')
    const target = await queue(channel)
    await channel.bindQueue(target, source, '')
    for (let n = 0; n < 3; n += 1) {
      const middle = await exchange(channel, 'fanout')
      await channel.bindExchange(middle, source, '')
      await channel.bindQueue(target, middle, '')
    }
    channel.publish(source, '', Buffer.from('once'))
    assert.equal(await count(channel, target), 1)
  })

  it('may form a circle', async () => {
    const channel = await session.channel()
    const [first, second] = [await exchange(channel, 'fanout'), await exchange(channel, 'fanout')]
    const target = await queue(channel)
    await channel.bindExchange(second, first, '')
    await channel.bindExchange(first, second, '')
    await channel.bindExchange(first, first, '')
    await channel.bindQueue(target, second, '')
    channel.publish(first, '', Buffer.from('once'))
    assert.equal(await count(channel, target), 1)
  })

  it('end with exchange.unbind', async () => {
    const channel = await session.channel()
    const [source, destination] = [
      await exchange(channel, 'fanout'),
      await exchange(channel, 'fanout'),
    ]
    const target = await queue(channel)
    await channel.bindExchange(destination, source, '')
    await channel.bindQueue(target, destination, '')
    await channel.unbindExchange(destination, source, '')
    channel.publish(source, '', Buffer.from('lost'))
    assert.equal(await count(channel, target), 0)
    await channel.unbindExchange(destination, source, 'never bound')
  })

  it('end when the destination is deleted', async () => {
    const channel = await session.channel()
    const source = await exchange(channel, 'fanout')
    const destination = await exchange(channel, 'fanout')
    const target = await queue(channel)
    await channel.bindExchange(destination, source, '')
    await channel.bindQueue(target, destination, '')
    await channel.deleteExchange(destination)
    await channel.deleteExchange(source, { ifUnused: true })
  })

  it('of a missing exchange are refused with 404', async () => {
    const source = await exchange(await session.channel(), 'fanout')
    for (const [destination, from] of [
      ['missing', source],
      [source, 'missing'],
    ] as const) {
      const channel = await session.channel()
      await assert.rejects(
        channel.bindExchange(destination, from, ''),
        /404 .* "NOT_FOUND - no exchange 'missing' in vhost '\/'"/,
      )
    }
  })
})

describe('an alternate exchange', () => {
  it('takes what no binding matches', async () => {
    const channel = await session.channel()
    const alternate = await exchange(channel, 'fanout')
    const main = await exchange(channel, 'direct', { alternateExchange: alternate })
    const [matched, rest] = [await queue(channel), await queue(channel)]
    await channel.bindQueue(matched, main, 'known')
    await channel.bindQueue(rest, alternate, '')
    channel.publish(main, 'known', Buffer.from('1'))
    channel.publish(main, 'unknown', Buffer.from('2'))
    const message = await channel.get(rest, { noAck: true })
    assert.ok(message)
    assert.equal(message.content.toString(), '2')
    assert.equal(message.fields.exchange, main)
    assert.equal(message.fields.routingKey, 'unknown')
    assert.equal(await count(channel, matched), 1)
    assert.equal(await count(channel, rest), 0)
  })

  it('counts as routed for mandatory, and returns what it cannot route either', async () => {
    const channel = await session.confirmChannel()
    const returned: string[] = []
    channel.on('return', (message) => returned.push(message.content.toString()))
    const alternate = await exchange(channel, 'direct')
    const main = await exchange(channel, 'direct', { alternateExchange: alternate })
    const target = await queue(channel)
    await channel.bindQueue(target, alternate, 'caught')
    channel.publish(main, 'caught', Buffer.from('caught'), { mandatory: true })
    channel.publish(main, 'lost', Buffer.from('lost'), { mandatory: true })
    await channel.waitForConfirms()
    assert.deepEqual(returned, ['lost'])
    assert.equal(await count(channel, target), 1)
  })

  it('gets nothing when it is the default exchange', async () => {
    const channel = await session.confirmChannel()
    const returned: string[] = []
    channel.on('return', (message) => returned.push(message.content.toString()))
    const main = await exchange(channel, 'direct', { alternateExchange: '' })
    const target = await queue(channel)
    channel.publish(main, target, Buffer.from('lost'), { mandatory: true })
    await channel.waitForConfirms()
    assert.deepEqual(returned, ['lost'])
    assert.equal(await count(channel, target), 0)
  })

  it('may have one of its own, in a circle', async () => {
    const channel = await session.confirmChannel()
    const [first, second, third] = ['a', 'b', 'c'].map((name) => uniqueName(name))
    assert.ok(first && second && third)
    const chain = { [first]: second, [second]: third, [third]: first }
    for (const [name, alternateExchange] of Object.entries(chain))
      await channel.assertExchange(name, 'direct', { durable: false, alternateExchange })
    const target = await queue(channel)
    await channel.bindQueue(target, third, 'k')
    channel.publish(first, 'k', Buffer.from('found'))
    channel.publish(first, 'nowhere', Buffer.from('lost'))
    await channel.waitForConfirms()
    assert.equal(await count(channel, target), 1)
  })

  it('that does not exist drops the message', async () => {
    const channel = await session.confirmChannel()
    const main = await exchange(channel, 'direct', { alternateExchange: uniqueName('missing') })
    let returned = 0
    channel.on('return', () => (returned += 1))
    channel.publish(main, 'k', Buffer.from('lost'), { mandatory: true })
    await channel.waitForConfirms()
    await waitFor('message is returned', () => returned === 1)
  })
})
