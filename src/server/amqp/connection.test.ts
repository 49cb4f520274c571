import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { encodeFrame } from '../../../test/support/raw-codec.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

/** Groups stay unfinished for a while, so that channels wait. */
const slow = { random: seededRandom(1), delayMsMax: 60 }

const durable = { queue: 'q', durable: true }

test('a refused protocol header that is followed by more bytes ends the connection only', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.connect(broker.port)
  client.sendBytes(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n'))
  const answer = await client.next()
  assert.equal(answer.kind, 'body')
  client.sendBytes(Buffer.from('Accept: */*\r\n\r\n'))
  await client.ended()
  await waitFor('connection is forgotten', () => broker.clients.size === 0)
})

test('a connection that is closed while it is not read ignores what it had not read', async () => {
  await using broker = await BrokerInProcess.start({ chaos: slow })
  await using client = await RawClient.openChannel(broker.port)
  client.send(1, 'queue.declare', durable)
  client.send(1, 'basic.publish', { immediate: true })
  client.sendHeader(1, 0)
  const filler = encodeFrame(3, 1, Buffer.alloc(100_000))
  for (let count = 0; count < 200; count++) client.sendBytes(filler)
  await client.expect(1, 'queue.declare-ok')
  const close = await client.expectClose(1)
  assert.equal(close.code, 540)
  for (let count = 0; count < 20; count++) client.sendBytes(filler)
  await client.ended()
})

test('a channel.close that waited behind a failing method is answered', async () => {
  await using broker = await BrokerInProcess.start({ chaos: slow })
  await using client = await RawClient.openChannel(broker.port)
  client.send(1, 'queue.declare', durable)
  client.send(1, 'basic.ack', { deliveryTag: 7 })
  client.send(1, 'channel.close', { replyCode: 200 })
  await client.expect(1, 'queue.declare-ok')
  await client.expect(1, 'channel.close')
  await client.expect(1, 'channel.close-ok')
  await client.call(1, 'channel.open')
})

test('frames that waited behind a failing method are given up once', async () => {
  await using broker = await BrokerInProcess.start({ chaos: slow })
  await using client = await RawClient.openChannel(broker.port)
  client.send(1, 'queue.declare', durable)
  client.send(1, 'basic.ack', { deliveryTag: 7 })
  client.send(1, 'basic.qos')
  await client.expect(1, 'queue.declare-ok')
  await client.expectClose(1)
  await client.call(1, 'channel.open')
  assert.equal(broker.memory.sizes.parked, 0)
})

test('a basic.get that waited when its connection went takes no message', async () => {
  await using broker = await BrokerInProcess.start({ chaos: slow })
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', durable)
  await client.call(1, 'confirm.select')
  client.publish(1, { routingKey: 'q' }, 'kept')
  await client.expect(1, 'basic.ack')
  client.send(1, 'basic.get', { queue: 'q' })
  await client[Symbol.asyncDispose]()
  await waitFor('connection is gone', () => broker.clients.size === 0)
  await waitFor('everything is committed', () => broker.store.uncommittedSize === 0)
  assert.deepEqual(pick(broker), { messages: 1, unacked: 0 })
})

test('a message that was acked in a rolled back transaction is requeued with its channel', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue: 'q' })
  client.publish(1, { routingKey: 'q' }, 'a')
  client.publish(1, { routingKey: 'q' }, 'b')
  for (const _ of 'ab') {
    client.send(1, 'basic.get', { queue: 'q' })
    await client.expectMessage(1, 'basic.get-ok')
  }
  await client.call(1, 'tx.select')
  client.send(1, 'basic.ack', { deliveryTag: 2 })
  await client.call(1, 'tx.rollback')
  await client.call(1, 'channel.close')
  assert.deepEqual(pick(broker), { messages: 2, unacked: 0 })
})

function pick(broker: BrokerInProcess): { messages: number; unacked: number } {
  const { messages, unacked } = broker.broker.counts()
  return { messages, unacked }
}

test('a parked frame without a payload counts for the memory it takes', async () => {
  await using broker = await BrokerInProcess.start({ chaos: slow })
  await using client = await RawClient.openChannel(broker.port)
  client.send(1, 'queue.declare', durable)
  client.sendFrame(3, 1, Buffer.alloc(0))
  await waitFor('the frame is parked', () => broker.memory.sizes.parked > 0)
})
