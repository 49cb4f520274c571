// What Pabal takes from old programs and RabbitMQ 4.2 does not, without and with --amqp-strict.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'

let lenient: BrokerUnderTest
let strict: BrokerUnderTest

describe('programs written for RabbitMQ 3', onlyPabal, () => {
  before(async () => {
    lenient = await startBrokerUnderTest()
    strict = await startBrokerUnderTest(['--amqp-strict', 'true'])
  })
  after(async () => {
    await lenient[Symbol.asyncDispose]()
    await strict[Symbol.asyncDispose]()
  })

  it('declare queues that are neither durable nor exclusive', async () => {
    await using session = await AmqpSession.open(lenient.url)
    const channel = await session.channel()
    await channel.assertQueue(uniqueName('transient'), { durable: false })
    const other = await AmqpSession.open(strict.url)
    const refused = await other.channel()
    refused.assertQueue(uniqueName('transient'), { durable: false }).catch(() => {})
    const error = await other.connectionClosed()
    assert.equal(error.code, 541)
    assert.match(error.message, /INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated/)
  })

  it('negotiate frames of 4096 bytes', async () => {
    for (const [{ port }, frameMax] of [
      [lenient, 4096],
      [strict, 8192],
    ] as const) {
      const client = await RawClient.openChannel(port, { frameMax })
      await client[Symbol.asyncDispose]()
    }
    await using refused = await RawClient.tune(strict.port, { frameMax: 8191 })
    const { code, text } = await refused.expectClose(0)
    assert.equal(code, 530)
    assert.equal(
      text,
      'NOT_ALLOWED - negotiated frame_max = 8191 is lower than the minimum allowed value (8192)',
    )
  })

  it('limit all consumers of a channel together, of quorum queues too', async () => {
    const name = uniqueName('quorum')
    for (const { url } of [lenient, strict]) {
      const session = await AmqpSession.open(url)
      const channel = await session.channel()
      await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
      await channel.prefetch(1, true)
      const consumed = channel.consume(name, () => {})
      if (url === lenient.url) {
        await consumed
        await session[Symbol.asyncDispose]()
        continue
      }
      consumed.catch(() => {})
      const error = await session.connectionClosed()
      assert.equal(error.code, 540)
      const text = `NOT_IMPLEMENTED - queue '${name}' in vhost '/' does not support global qos`
      assert.ok(error.message.includes(text), error.message)
    }
  })

  it('send arguments of classic queues with quorum queues', async () => {
    const name = uniqueName('lazy')
    const args = { 'x-queue-type': 'quorum', 'x-queue-mode': 'lazy' }
    await using session = await AmqpSession.open(lenient.url)
    const channel = await session.channel()
    await channel.assertQueue(name, { durable: true, arguments: args })
    await using other = await AmqpSession.open(strict.url)
    const refused = await other.channel()
    refused.assertQueue(name, { durable: true, arguments: args }).catch(() => {})
    const error = await channelClosed(refused)
    assert.equal(
      replyText(error),
      `PRECONDITION_FAILED - invalid arg 'x-queue-mode' for queue '${name}' in vhost '/' of queue ` +
        'type rabbit_quorum_queue',
    )
  })
})
