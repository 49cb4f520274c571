// A publish reaches a consumer with room before the next method of its channel is handled: clients
// write both at once, and the second must not see the message in the queue.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

/** A queue with one consumer that has room, on channel 1 of `client`. */
async function consumedQueue(client: RawClient, isNoAck = false): Promise<string> {
  const queue = uniqueName('overtaken')
  await client.call(1, 'queue.declare', { queue, durable: true, autoDelete: true })
  await client.call(1, 'basic.consume', { queue, consumerTag: 'ready', noAck: isNoAck })
  return queue
}

/** Publishes `m` to the queue and sends a second method in the same write. */
function publishAndSend(client: RawClient, queue: string, name: string, args: object): void {
  client.together(() => {
    client.publish(1, { exchange: '', routingKey: queue }, 'm')
    client.send(1, name, { queue, ...args })
  })
}

async function expectDelivery(client: RawClient): Promise<void> {
  const { body, method } = await client.expectMessage(1, 'basic.deliver')
  assert.deepEqual([body.toString(), method.args['consumerTag']], ['m', 'ready'])
}

describe('a message that is published together with another method reaches a ready consumer', () => {
  it('and basic.get finds none', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = await consumedQueue(client)
    publishAndSend(client, queue, 'basic.get', {})
    await expectDelivery(client)
    await client.expect(1, 'basic.get-empty')
  })

  it('and a passive declaration counts none', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = await consumedQueue(client)
    publishAndSend(client, queue, 'queue.declare', { passive: true })
    await expectDelivery(client)
    const { args } = await client.expect(1, 'queue.declare-ok')
    assert.equal(args['messageCount'], 0)
  })

  it('and queue.purge drops none', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = await consumedQueue(client)
    publishAndSend(client, queue, 'queue.purge', {})
    await expectDelivery(client)
    const { args } = await client.expect(1, 'queue.purge-ok')
    assert.equal(args['messageCount'], 0)
  })

  it('before basic.cancel ends the consumer', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = await consumedQueue(client)
    publishAndSend(client, queue, 'basic.cancel', { consumerTag: 'ready' })
    await expectDelivery(client)
    await client.expect(1, 'basic.cancel-ok')
  })

  it('before queue.delete looks whether the queue is empty', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = await consumedQueue(client, true)
    publishAndSend(client, queue, 'queue.delete', { ifEmpty: true })
    await expectDelivery(client)
    const frames = [await client.next(), await client.next()]
    const names = frames.map((frame) => frame.kind === 'method' && frame.name)
    assert.deepEqual(new Set(names), new Set(['basic.cancel', 'queue.delete-ok']))
  })

  it('of another channel before that channel takes the message with basic.get', async () => {
    await using consumer = await RawClient.openChannel(broker.port)
    await using getter = await RawClient.openChannel(broker.port)
    const queue = uniqueName('overtaken')
    await consumer.call(1, 'queue.declare', { queue, autoDelete: true })
    await consumer.call(1, 'basic.consume', { queue, consumerTag: 'ready' })
    publishAndSend(getter, queue, 'basic.get', {})
    await getter.expect(1, 'basic.get-empty')
    await expectDelivery(consumer)
  })
})
