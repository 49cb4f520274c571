import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { encodeTable, longstr, uint16 } from '../../../test/support/raw-codec.ts'

const headersFlag = 1 << 13
const blindCopyTo = (key: string): Buffer => {
  const table = encodeTable({ BCC: ['A', [['S', key]]] })
  return Buffer.concat([uint16(headersFlag), longstr(table)])
}

async function get(client: RawClient, queue: string): Promise<string> {
  client.send(1, 'basic.get', { queue, noAck: true })
  return (await client.expectMessage(1, 'basic.get-ok')).body.toString()
}

test('a commit sends blind copies', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  for (const queue of ['to', 'blind']) await client.call(1, 'queue.declare', { queue })
  await client.call(1, 'tx.select')
  client.publish(1, { routingKey: 'to' }, 'x', blindCopyTo('blind'))
  await client.call(1, 'tx.commit')
  assert.equal(await get(client, 'to'), 'x')
  assert.equal(await get(client, 'blind'), 'x')
})

test('a message of more than 1 MiB reaches its blind copies', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  for (const queue of ['to', 'blind'])
    await client.call(1, 'queue.declare', { queue, durable: true })
  await client.call(1, 'confirm.select')
  const part = Buffer.alloc(100_000, 'a')
  client.send(1, 'basic.publish', { routingKey: 'to' })
  client.sendHeader(1, part.length * 11, blindCopyTo('blind'))
  for (let count = 0; count < 11; count++) client.sendBody(1, part)
  await client.expect(1, 'basic.ack')
  assert.equal((await get(client, 'to')).length, part.length * 11)
  assert.equal((await get(client, 'blind')).length, part.length * 11)
})

test('a commit that cannot route one of its messages publishes none and requeues what it acked', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue: 'q' })
  await client.call(1, 'exchange.declare', { exchange: 'x', type: 'direct' })
  client.publish(1, { routingKey: 'q' }, 'acked')
  client.send(1, 'basic.get', { queue: 'q' })
  await client.expectMessage(1, 'basic.get-ok')
  await client.call(1, 'tx.select')
  client.send(1, 'basic.ack', { deliveryTag: 1 })
  client.publish(1, { routingKey: 'q' }, 'first')
  client.publish(1, { exchange: 'x' }, 'second')
  await client.call(1, 'exchange.delete', { exchange: 'x' })
  client.send(1, 'tx.commit')
  const close = await client.expectClose(1)
  assert.equal(close.code, 404)
  await client.call(1, 'channel.open')
  assert.equal(await get(client, 'q'), 'acked')
  client.send(1, 'basic.get', { queue: 'q' })
  await client.expect(1, 'basic.get-empty')
})

test('a returned message carries its routing key byte for byte', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  const key = Buffer.alloc(255, 0xff)
  const method = Buffer.concat([uint16(60), uint16(40), uint16(0), Buffer.from([0, 255]), key])
  client.sendFrame(1, 1, Buffer.concat([method, Buffer.from([1])]))
  client.sendHeader(1, 0)
  await client.expectMessage(1, 'basic.return')
  assert.deepEqual(broker.bugs, [])
})

test('large messages that are returned together keep their bodies', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  const bodies = ['a', 'b', 'c'].map((text) => Buffer.alloc(100_000, text))
  for (const body of bodies) client.publish(1, { routingKey: 'none', mandatory: true }, body)
  for (const body of bodies) {
    const returned = await client.expectMessage(1, 'basic.return')
    assert.ok(returned.body.equals(body))
  }
})

test('a transaction of many empty messages is refused before it fills the memory', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue: 'q' })
  await client.call(1, 'tx.select')
  for (let count = 0; count < 140_000; count++) client.publish(1, { routingKey: 'q' }, '')
  const close = await client.expectClose(1)
  assert.equal(close.code, 406)
  assert.deepEqual(broker.broker.counts().messages, 0)
})
