// A delivery that stays unacked for too long closes its channel, as RabbitMQ 4.2 says it: where a queue, a
// policy or the consumer asks for it. RabbitMQ looks once a minute, Pabal once a second.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { encodeTable, type RawTable } from '../../support/raw-codec.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

const short: RawTable = { 'x-consumer-timeout': ['I', 300] }
const double: RawTable = { 'x-consumer-timeout': ['d', 300] }

interface Case {
  readonly queue?: RawTable
  readonly consumer?: RawTable
}

const cases: Record<string, Case> = {
  'of a classic queue': { queue: short },
  'that is a double, of a quorum queue': { queue: { ...double, 'x-queue-type': ['S', 'quorum'] } },
  'of a stream': { queue: { ...short, 'x-queue-type': ['S', 'stream'] } },
  'of a consumer': { consumer: short },
  'of a stream consumer': { queue: { 'x-queue-type': ['S', 'stream'] }, consumer: short },
}
for (const [name, { queue: args = {}, consumer = {} }] of Object.entries(cases)) {
  test(`a time-out ${name} ends the channel and gives its messages back`, onlyPabal, async () => {
    const queue = uniqueName('q')
    await using client = await RawClient.openChannel(broker.port)
    const declared = { queue, durable: true, arguments: encodeTable(args) }
    await client.call(1, 'queue.declare', declared)
    await client.call(1, 'basic.qos', { prefetchCount: 10 })
    client.send(1, 'basic.consume', { queue, arguments: encodeTable(consumer) })
    await client.expect(1, 'basic.consume-ok')
    client.publish(1, { routingKey: queue }, 'first')
    const { method } = await client.expectMessage(1, 'basic.deliver')
    client.send(1, 'basic.ack', { deliveryTag: method.args['deliveryTag']! })
    client.publish(1, { routingKey: queue }, 'second')
    await client.expectMessage(1, 'basic.deliver')
    assert.deepEqual(await client.expectClose(1), {
      scope: 'channel',
      code: 406,
      text:
        'PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. ' +
        'Timeout value used: 300 ms. This timeout value can be configured, see consumers doc guide to learn more',
      classId: 0,
      methodId: 0,
    })
    await client.call(2, 'channel.open')
    if (args['x-queue-type']?.[1] !== 'stream') {
      client.send(2, 'basic.get', { queue, noAck: true })
      assert.equal((await client.expectMessage(2, 'basic.get-ok')).body.toString(), 'second')
    }
    await client.call(2, 'queue.delete', { queue })
  })
}

test('a message that basic.get took has the time of its queue, too', onlyPabal, async () => {
  const queue = uniqueName('q')
  await using client = await RawClient.openChannel(broker.port)
  const asked = { queue, exclusive: true, arguments: encodeTable(short) }
  await client.call(1, 'queue.declare', asked)
  client.publish(1, { routingKey: queue }, 'm')
  client.send(1, 'basic.get', { queue })
  await client.expectMessage(1, 'basic.get-ok')
  const { code, text } = await client.expectClose(1)
  assert.equal(code, 406)
  assert.match(text, /delivery acknowledgement on channel 1 timed out/)
})
