// Facts section 2, conformance pitfalls: each error case with its scope, code, method and exact text.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type BrokerUnderTest,
  onRabbit310,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import {
  argumentCases,
  type ErrorCase,
  lockedCases,
  missingCases,
  refusedCases,
  replyTextOf,
} from './section-2-cases.ts'
import { ackCases, conditionCases, connectionCases } from './section-2-more-cases.ts'

let broker: BrokerUnderTest
let owner: RawClient
const locked = uniqueName('locked')
before(async () => {
  broker = await startBrokerUnderTest()
  owner = await RawClient.openChannel(broker.port)
  await owner.call(1, 'queue.declare', { queue: locked, exclusive: true })
})
after(async () => {
  await owner[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

const tables: Record<string, readonly ErrorCase[]> = {
  'missing things': missingCases,
  'refused operations': refusedCases,
  'locked queues': lockedCases,
  'bad arguments': argumentCases,
  acknowledgements: ackCases,
  conditions: conditionCases,
  'what closes the connection': connectionCases,
}

for (const [title, cases] of Object.entries(tables)) {
  describe(`section 2: ${title}`, () => {
    for (const row of cases)
      it(`${row.case}: ${row.code}`, onRabbit310(row.rabbitmq310), () => assertCase(row))
  })
}

async function assertCase(row: ErrorCase): Promise<void> {
  await using client = await RawClient.openChannel(broker.port)
  const context = { client, name: uniqueName('case'), locked }
  await row.provoke(context)
  const [classId, methodId] = row.method ?? [0, 0]
  assert.deepEqual(await client.expectClose(1), {
    scope: row.closes,
    code: row.code,
    text: replyTextOf(row, context).slice(0, 255),
    classId,
    methodId,
  })
  if (row.closes === 'connection') await client.ended()
  else await client.call(1, 'channel.open')
}

describe('section 2: what is not an error', () => {
  const successes: Record<string, (client: RawClient, name: string) => Promise<unknown>> = {
    'queue.delete of a missing queue': async (client, queue) =>
      assert.deepEqual(await client.call(1, 'queue.delete', { queue }), { messageCount: 0 }),
    'exchange.delete of a missing exchange': (client, exchange) =>
      client.call(1, 'exchange.delete', { exchange }),
    'queue.unbind of a missing queue': (client, queue) =>
      client.call(1, 'queue.unbind', { queue, exchange: 'amq.direct', routingKey: 'k' }),
    'exchange.unbind of missing exchanges': (client, source) =>
      client.call(1, 'exchange.unbind', { source, destination: 'amq.fanout' }),
    'basic.cancel of an unknown tag': (client, consumerTag) =>
      client.call(1, 'basic.cancel', { consumerTag }),
    'redeclare of a predeclared exchange': (client) =>
      client.call(1, 'exchange.declare', { exchange: 'amq.direct', type: 'direct', durable: true }),
    'ack of tag 0 multiple with nothing out': async (client) => {
      client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true })
      client.send(1, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true })
      await client.call(1, 'basic.recover', { requeue: true })
    },
  }
  for (const [name, run] of Object.entries(successes))
    it(name, async () => {
      await using client = await RawClient.openChannel(broker.port)
      await run(client, uniqueName('success'))
    })
})

describe('section 2: reply texts', () => {
  it('are cut at 255 bytes', async () => {
    await using client = await RawClient.openChannel(broker.port)
    const queue = 'q'.repeat(255)
    client.send(1, 'queue.declare', { queue, passive: true })
    const close = await client.expectClose(1)
    assert.ok(Buffer.byteLength(close.text) <= 255)
    assert.ok(close.text.startsWith("NOT_FOUND - no queue 'qqqq"))
  })
})
