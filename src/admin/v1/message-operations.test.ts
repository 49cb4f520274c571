import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import { messageOf } from '../../../test/support/queue-under-test.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Broker } from '../../broker/broker.ts'
import { declareQueue } from '../../broker/declare-queue.ts'
import { createLogger, type LogLine } from '../../lib/logger.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { table } from '../../record/message/field-table.ts'

let managed: ManagedBroker
let broker: Broker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  managed = openManagedBroker()
  broker = managed.broker
  routes = createOwnersRoutes(managed)
})

async function declare(name: string, texts: readonly string[]): Promise<void> {
  const { queue } = declareQueue(broker, broker.getVHost('/'), {
    name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: table({}),
    connection: {},
  })
  broker.store.beginAtom()
  for (const text of texts) {
    const message = messageOf(text)
    message.header = encodeContentHeader(message.bodyEnd, {})
    queue.publish(message, -1)
  }
  broker.store.endAtom()
  await waitFor('the messages to be durable', () => broker.store.uncommittedSize === 0)
}

interface Found {
  readonly messages: readonly { readonly payload: string; readonly offset: number }[]
  readonly next: string | null
}

async function ask(path: string, body: object): Promise<[number, unknown]> {
  const response = await routes.request(path, { method: 'POST', body: JSON.stringify(body) })
  return [response.status, await response.json()]
}

test('a search answers what the filter finds, page by page', async () => {
  const texts = Array.from({ length: 30 }, (_, id) => JSON.stringify({ id, isOdd: id % 2 === 1 }))
  await declare('a/b', texts)
  const path = '/v1/queues/%2F/a%2Fb/messages/search'
  const filter = { json: [{ path: '$.isOdd', is: 'equals', value: true }] }
  const found: number[] = []
  let cursor: string | undefined
  do {
    const [status, body] = await ask(path, { filter, count: 4, ...(cursor && { cursor }) })
    assert.equal(status, 200)
    const { messages, next } = body as Found
    assert.ok(messages.length <= 4)
    found.push(...messages.map(({ offset }) => offset))
    cursor = next ?? undefined
  } while (cursor !== undefined)
  assert.deepEqual(
    found,
    Array.from({ length: 15 }, (_, at) => 2 * at + 1),
  )
})

test('what cannot be searched for is refused in words', async () => {
  await declare('q', ['a'])
  const path = '/v1/queues/%2F/q/messages/search'
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ filter: { exchange: '(' } }, /pattern of the exchange/],
    [{ filter: { nothing: 1 } }, /no such field/],
    [{ from: 'yesterday' }, /from/],
    [{ cursor: 'x' }, /cursor/],
    [{ count: 0 }, /count/],
    [{ partition: 7 }, /no partition 7/],
  ]
  for (const [body, reason] of refused) {
    const [status, answer] = await ask(path, body)
    assert.equal(status, 400)
    assert.match((answer as { reason: string }).reason, reason)
  }
  const missing = await ask('/v1/queues/%2F/none/messages/search', {})
  assert.equal(missing[0], 404)
})

test('a search is no change that the log would tell', async () => {
  await declare('q', ['a'])
  const told: LogLine[] = []
  const logger = createLogger({ level: 'silent', format: 'json' })
  logger.info = (...line) => void told.push(line)
  routes = createOwnersRoutes({ ...managed, logger })
  await ask('/v1/queues/%2F/q/messages/search', {})
  await ask('/v1/jobs/%2F/preview', { kind: 'delete', queue: 'q' })
  assert.deepEqual(told, [])
  await ask('/v1/jobs/%2F', { kind: 'delete', queue: 'q' })
  assert.equal(told.length, 1)
})
