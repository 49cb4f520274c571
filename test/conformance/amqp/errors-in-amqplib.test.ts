// How amqplib programs see errors: a rejected promise for what they waited for, an 'error' event on
// the channel or the connection for what they did not.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Channel, connect } from 'amqplib'
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

describe('a call that the server refuses', () => {
  const refusals: Record<string, [code: number, call: (channel: Channel) => Promise<unknown>]> = {
    checkQueue: [404, (channel) => channel.checkQueue('missing')],
    checkExchange: [404, (channel) => channel.checkExchange('missing')],
    consume: [404, (channel) => channel.consume('missing', () => {})],
    get: [404, (channel) => channel.get('missing')],
    purgeQueue: [404, (channel) => channel.purgeQueue('missing')],
    bindQueue: [404, (channel) => channel.bindQueue('missing', 'amq.topic', '#')],
    bindExchange: [404, (channel) => channel.bindExchange('missing', 'amq.topic', '#')],
    'assertQueue amq.*': [403, (channel) => channel.assertQueue('amq.mine')],
    'assertExchange with another type': [
      406,
      (channel) => channel.assertExchange('amq.topic', 'direct'),
    ],
  }
  for (const [name, [code, call]] of Object.entries(refusals))
    it(`${name} rejects and closes its channel with ${code}`, async () => {
      const channel = await session.channel()
      await assert.rejects(call(channel), { code })
      assert.equal((await channelClosed(channel)).code, code)
    })
})

describe('what amqplib sends without waiting', () => {
  it('acks of unknown messages close the channel', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    channel.sendToQueue(queue, Buffer.from('x'))
    const message = await channel.get(queue)
    assert.ok(message)
    channel.ack(message)
    channel.ack(message)
    const error = await channelClosed(channel)
    assert.deepEqual([error.code, error.classId, error.methodId], [406, 60, 80])
    assert.equal(replyText(error), 'PRECONDITION_FAILED - unknown delivery tag 1')
  })

  it('publishes to a missing exchange close the channel and fail its confirms', async () => {
    const channel = await session.confirmChannel()
    channel.publish(uniqueName('missing'), 'k', Buffer.from('x'))
    await assert.rejects(channel.waitForConfirms())
    assert.equal((await channelClosed(channel)).code, 404)
  })

  it('a consumer tag used twice closes the connection', async () => {
    await using own = await AmqpSession.open(broker.url)
    const channel = await own.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.consume(queue, () => {}, { consumerTag: 'twice' })
    await assert.rejects(channel.consume(queue, () => {}, { consumerTag: 'twice' }))
    const error = await own.connectionClosed()
    assert.equal(error.code, 530)
    assert.equal(replyText(error), "NOT_ALLOWED - attempt to reuse consumer tag 'twice'")
  })
})

describe('connecting', () => {
  it('to a missing vhost is refused', async () => {
    await assert.rejects(connect(`${broker.url}/nowhere`), /got <ConnectionClose/)
  })

  it('with a wrong password is refused', async () => {
    const url = broker.url.replace('guest:guest', 'guest:wrong')
    await assert.rejects(connect(url), /403 .*ACCESS_REFUSED - Login was refused/)
  })
})

describe('an exclusive queue of another connection', () => {
  it('is refused with RESOURCE_LOCKED', async () => {
    await using other = await AmqpSession.open(broker.url)
    const { queue } = await (await other.channel()).assertQueue('', { exclusive: true })
    const channel = await session.channel()
    await assert.rejects(
      channel.consume(queue, () => {}),
      /405 .*RESOURCE_LOCKED - cannot obtain/,
    )
  })
})
