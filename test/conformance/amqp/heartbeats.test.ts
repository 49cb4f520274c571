// Facts 1.1: heartbeats both ways. The shortest interval a client can ask for is one second.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import { type BrokerUnderTest, startBrokerUnderTest } from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

describe('heartbeats', { concurrency: true }, () => {
  it('are sent by the server every half of the interval, from the handshake on', async () => {
    const before = performance.now()
    await using client = await RawClient.open(broker.port, { heartbeat: 2 })
    const after = performance.now()
    for (const dueMs of [1000, 2000]) {
      assert.deepEqual(await client.next(), { kind: 'heartbeat', channel: 0 })
      const now = performance.now()
      assert.ok(now - before > dueMs - 100, `${now - before} ms is early`)
      assert.ok(now - after < dueMs + 900, `${now - after} ms is late`)
    }
  })

  it('missing for two intervals end the connection', async () => {
    const start = performance.now()
    await using client = await RawClient.open(broker.port, { heartbeat: 1 })
    await client.ended()
    const silence = performance.now() - start
    assert.ok(silence > 900 && silence < 9000, `ended after ${silence} ms`)
  })

  it('sent by the client keep the connection open', async () => {
    await using client = await RawClient.open(broker.port, { heartbeat: 1 })
    const end = performance.now() + 4000
    while (performance.now() < end) {
      assert.equal((await client.next()).kind, 'heartbeat')
      client.sendHeartbeat()
    }
    await client.close()
  })

  it('are not needed while other frames arrive', async () => {
    await using client = await RawClient.openChannel(broker.port, { heartbeat: 1 })
    const end = performance.now() + 4000
    while (performance.now() < end) {
      assert.equal((await client.next()).kind, 'heartbeat')
      client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true })
    }
    await client.close()
  })

  it('are off when the client asks for 0', async () => {
    await using client = await RawClient.open(broker.port, { heartbeat: 0 })
    await assert.rejects(client.next(3000), /Gave up/)
    await client.close()
  })

  it('keep an idle amqplib connection open', async () => {
    await using session = await AmqpSession.open(`${broker.url}?heartbeat=1`)
    const channel = await session.channel()
    await using silent = await RawClient.open(broker.port, { heartbeat: 1 })
    await silent.ended()
    await channel.assertQueue('', { exclusive: true })
  })

  it('on another channel than 0 are a frame error', async () => {
    await using client = await RawClient.openChannel(broker.port)
    client.sendFrame(8, 1, Buffer.alloc(0))
    const close = await client.expectClose(1)
    assert.deepEqual([close.scope, close.code], ['connection', 505])
  })

  it('come too late for a client that never begins: it is closed after 10 s', async () => {
    await using silent = await RawClient.connect(broker.port)
    const start = performance.now()
    await silent.ended(13_000)
    assert.ok(performance.now() - start > 8000)
  })
})
