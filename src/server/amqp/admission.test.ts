// What AMQP clients are told when memory is nearly used up.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { RawClient } from '../../../test/support/raw-client.ts'

let broker: BrokerInProcess
let client: RawClient

beforeEach(async () => {
  broker = await BrokerInProcess.start()
  client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue: 'there' })
  await client.call(1, 'exchange.declare', { exchange: 'there', type: 'direct' })
  await client.call(1, 'queue.bind', { queue: 'there', exchange: 'there' })
  broker.broker.admission.isOpen = false
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  assert.deepEqual(broker.bugs, [])
  await broker[Symbol.asyncDispose]()
})

const refused = [
  ['queue.declare', { queue: 'new' }],
  ['queue.declare', { queue: '' }],
  ['exchange.declare', { exchange: 'new', type: 'direct' }],
  ['queue.bind', { queue: 'there', exchange: 'there', routingKey: 'new' }],
  ['exchange.bind', { destination: 'there', source: 'amq.direct' }],
  ['basic.consume', { queue: 'there' }],
] as const

describe('while what was declared takes as much memory as it may', () => {
  beforeEach(() => {
    broker.broker.admission.isOpen = true
    broker.broker.admission.isOpenToDeclarations = false
  })

  for (const [name, args] of refused.filter(([method]) => method !== 'basic.consume')) {
    it(`${name} ${JSON.stringify(args)} ends the connection with RESOURCE_ERROR`, async () => {
      client.send(1, name, args)
      assert.equal((await client.expectClose(0)).code, 506)
    })
  }

  it('others come, consume, and take queues away', async () => {
    await using other = await RawClient.openChannel(broker.port)
    await other.call(1, 'basic.consume', { queue: 'there' })
    await other.call(1, 'queue.delete', { queue: 'there' })
  })
})

describe('while memory is nearly used up', () => {
  for (const [name, args] of refused) {
    it(`${name} ${JSON.stringify(args)} ends the connection with RESOURCE_ERROR`, async () => {
      client.send(1, name, args)
      const { code, text } = await client.expectClose(0)
      assert.equal(code, 506)
      assert.equal(text, 'RESOURCE_ERROR - memory is nearly used up')
    })
  }

  it('a channel is refused as well, and a connection is closed at once', async () => {
    client.send(2, 'channel.open')
    assert.equal((await client.expectClose(0)).code, 506)
    await assert.rejects(RawClient.openChannel(broker.port))
  })

  it('what exists can be declared, used and deleted', async () => {
    await client.call(1, 'queue.declare', { queue: 'there' })
    await client.call(1, 'exchange.declare', { exchange: 'there', type: 'direct' })
    await client.call(1, 'queue.bind', { queue: 'there', exchange: 'there' })
    client.publish(1, { exchange: 'there' }, Buffer.from('m'))
    const deleted = await client.call(1, 'queue.delete', { queue: 'there' })
    assert.equal(deleted['messageCount'], 1)
  })

  it('nothing is refused any more once there is memory again', async () => {
    broker.broker.admission.isOpen = true
    await client.call(1, 'queue.declare', { queue: 'new' })
    await client.call(2, 'channel.open')
  })
})
