import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { messageOf } from '../../../test/support/queue-under-test.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { ExchangeCounters } from '../counters/exchange-counters.ts'
import { declareQueue } from '../declare-queue.ts'
import { routeTo } from '../route-cache.ts'
import { whenDurable } from '../when-durable.ts'

test('what a transaction publishes is on disk when all of it is', async () => {
  const { broker } = openManagedBroker()
  const { queue } = declareQueue(broker, broker.getVHost('/'), {
    name: 'q',
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: emptyTable,
    connection: {},
  })
  const traces = await broker.openTraces()
  const facts = { vhost: '/', user: 'u', asked: {} }
  const trace = traces.start({ ...facts, filter: () => true, seconds: 9, stream: undefined })
  const route = routeTo({ queues: [queue] }, new ExchangeCounters())
  const publishes = ['a', 'b'].map((text) => ({ route, source: messageOf(text) }))
  const { ticket } = broker.commit(publishes, [], { kind: 'client', vhost: '/', client: {} })
  await whenDurable(ticket)
  assert.deepEqual(
    trace.events.map(({ kind, message }) => `${kind} ${message}`),
    ['published 1', 'routed 1', 'published 2', 'routed 2', 'durable 1', 'durable 2'],
  )
  traces.close()
})
