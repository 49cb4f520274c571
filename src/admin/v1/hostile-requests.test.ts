// Whatever is asked of the operations on messages and jobs, it is never the broker's fault.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { messageOf } from '../../../test/support/queue-under-test.ts'
import { declareQueue } from '../../broker/declare-queue.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { table } from '../../record/message/field-table.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('a', 's', 'x', 'amq.topic', 'none', '', '\udc80', '$.a', '(', 'ü'.repeat(300)),
)
const number = fc.oneof(fc.nat(5), fc.constantFrom(-1, 0.5, 1e308, Number.MAX_SAFE_INTEGER))
const anything = fc.oneof(text, number, fc.jsonValue())

/** Mostly what it should be. */
function mostly<T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: usual, weight: 6 }, { arbitrary: anything, weight: 1 })
}

const partly = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.record(fields, { requiredKeys: [] })

const comparison = fc.constantFrom('exists', 'equals', 'contains', 'less', 'greater')
const condition = { is: mostly(comparison), value: anything }
const filter = partly({
  text: mostly(text),
  headers: mostly(fc.array(partly({ name: mostly(text), ...condition }), { maxLength: 3 })),
  json: mostly(fc.array(partly({ path: mostly(text), ...condition }), { maxLength: 3 })),
  exchange: mostly(text),
  routing_key: mostly(text),
  key: mostly(text),
  states: mostly(fc.array(fc.constantFrom('ready', 'acked'))),
  since: mostly(number),
})
const target = partly({
  to: mostly(fc.constantFrom('origin', 'address', 'queue', 'exchange')),
  name: mostly(text),
  routing_key: mostly(text),
  death: mostly(fc.constantFrom('first', 'last')),
})
const edit = partly({
  payload: mostly(text),
  payload_encoding: mostly(fc.constantFrom('string', 'base64')),
  set_headers: mostly(fc.dictionary(text, fc.oneof(text, number, fc.boolean()))),
  remove_headers: mostly(fc.array(text)),
})
const job = fc.record(
  {
    kind: mostly(fc.constantFrom('redrive', 'move', 'copy', 'delete')),
    queue: mostly(fc.constantFrom('a', 's', 'none')),
    target: mostly(target),
    filter: mostly(filter),
    edit: mostly(edit),
    messages: mostly(fc.array(partly({ partition: number, offset: mostly(number) }))),
    on_refused: mostly(fc.constantFrom('stop', 'skip')),
    messages_per_second: mostly(number),
  },
  { requiredKeys: ['kind', 'queue'] },
)
const search = partly({ filter: mostly(filter), from: mostly(text), cursor: text, count: number })
const posts = fc.oneof(
  fc.tuple(fc.constantFrom('/v1/jobs/%2F/preview', '/v1/jobs/%2F'), job),
  fc.tuple(fc.constant('/v1/queues/%2F/a/messages/search'), search),
  fc.tuple(
    fc
      .constantFrom('pause', 'resume', 'cancel', 'undo')
      .chain((control) =>
        text.map((id) => `/v1/jobs/%2F/${encodeURIComponent(id.toWellFormed())}/${control}`),
      ),
    fc.constant({}),
  ),
)
const gets = fc
  .tuple(
    fc.constantFrom('dead-letters/%2F/', 'delayed-messages/%2F/', 'jobs/%2F/'),
    text,
    fc.constantFrom('', '?cursor=', '/messages?cursor='),
    text,
  )
  .map(([path, name, query, value]) => {
    const [escapedName, escapedValue] = [name, value].map((each) =>
      encodeURIComponent(each.toWellFormed()),
    )
    return `/v1/${path}${escapedName}${query === '' ? '' : query + escapedValue}`
  })

test('no request is answered with a fault', async () => {
  const managed = openManagedBroker()
  const { broker } = managed
  const routes = createOwnersRoutes(managed)
  const faults: Error[] = []
  routes.onError((error, context) => {
    faults.push(error)
    return context.text('fault', 500)
  })
  const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
  for (const [name, type] of Object.entries({ a: 'classic', s: 'stream' })) {
    const args = table({ 'x-queue-type': type })
    const { queue } = declareQueue(broker, broker.getVHost('/'), { name, ...rest, arguments: args })
    const message = messageOf('{"a": 1}')
    message.header = encodeContentHeader(message.bodyEnd, { headers: table({ a: 1, b: 'x' }) })
    message.headerEnd = message.header.length
    broker.store.beginAtom()
    for (let count = 0; count < 5; count++) queue.publish(message, -1)
    broker.store.endAtom()
  }
  const isFine = async (path: string, init?: RequestInit): Promise<void> => {
    const { status } = await routes.request(path, init)
    assert.ok(
      status < 500,
      `${status} ${path} ${JSON.stringify(init?.body)}: ${faults.at(-1)?.stack}`,
    )
  }
  await fc.assert(
    fc.asyncProperty(posts, ([path, body]) =>
      isFine(path, { method: 'POST', body: JSON.stringify(body) }),
    ),
    { numRuns: 400 },
  )
  await fc.assert(
    fc.asyncProperty(gets, (path) => isFine(path)),
    { numRuns: 200 },
  )
  for (const { progress } of (await broker.openJobs()).all) {
    assert.doesNotMatch(progress.reason ?? '', /Error|undefined|Invalid/)
  }
})
