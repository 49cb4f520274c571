// Facts 1.1, connection_forced: clients are told when the broker stops.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import { onlyPabal } from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

describe('a broker that stops', onlyPabal, () => {
  it('closes its connections with 320 and ends with code 0', async () => {
    await using broker = await TestBroker.start()
    await using session = await AmqpSession.open(broker.url)
    await using raw = await RawClient.openChannel(broker.port)
    const stopped = broker.stop()
    const close = await raw.expectClose(1)
    assert.deepEqual([close.scope, close.code], ['connection', 320])
    assert.match(close.text, /^CONNECTION_FORCED - /)
    await session.connectionClosed()
    assert.equal(await stopped, 0)
  })

  it('does not wait for clients that do not answer', async () => {
    await using broker = await TestBroker.start()
    await using silent = await RawClient.openChannel(broker.port)
    await using stranger = await RawClient.connect(broker.port)
    assert.equal(await broker.stop(), 0)
    await silent.ended()
    await stranger.ended()
  })

  it('keeps what it confirmed just before', async () => {
    await using broker = await TestBroker.start()
    {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue('kept', { durable: true })
      for (let n = 0; n < 500; n += 1)
        channel.sendToQueue('kept', Buffer.from(`${n}`), { persistent: true })
      await channel.waitForConfirms()
      await broker.stop()
    }
    await broker.restart()
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    assert.equal((await channel.checkQueue('kept')).messageCount, 500)
  })
})
