import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import { createLogger, type LogLine } from '../../lib/logger.ts'

const path = '/v1/queues/%2F/q'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
let queue: Queue
beforeEach(async () => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
  await askApi(routes, 'PUT /queues/%2F/q', { durable: true })
  queue = managed.broker.getVHost('/').findQueue('q') as Queue
})

interface Got {
  readonly receipt: string
  readonly payload: string
  readonly redelivered: boolean
}

async function publish(...payloads: readonly string[]): Promise<void> {
  const messages = payloads.map((payload) => ({ payload }))
  await askApi(routes, 'POST /v1/streams/%2F/q/messages', { messages })
}

async function receive(asked: object = {}): Promise<readonly Got[]> {
  const [status, body] = await askApi(routes, `POST ${path}/receive`, { count: 10, ...asked })
  assert.equal(status, 200)
  return (body as { messages: Got[] }).messages
}

test('what is leased is acked, requeued and rejected by receipts', async () => {
  const received = receive({ wait_ms: 20_000 })
  await waitFor('the request to wait', () => queue.consumerCount === 1)
  await publish('a', 'b', 'c')
  const [a, b, c] = [...(await received), ...(await receive({ wait_ms: 100 }))]
  assert.deepEqual(
    [a, b, c].map((got) => got?.payload),
    ['a', 'b', 'c'],
  )
  const settled = { ack: [a?.receipt], requeue: [b?.receipt], reject: [c?.receipt, 'none'] }
  const answer = await askApi(routes, `POST ${path}/settle`, settled)
  assert.deepEqual(answer, [200, { gone: ['none'] }])
  const again = await receive()
  assert.deepEqual(
    again.map(({ payload, redelivered }) => [payload, redelivered]),
    [['b', true]],
  )
  assert.equal(queue.messageCount, 1)
  const receipts = [again[0]?.receipt, a?.receipt]
  const extended = await askApi(routes, `POST ${path}/extend`, { receipts })
  assert.deepEqual(extended, [200, { gone: [a?.receipt] }])
})

test('who may not read is refused, and so is a queue that is not there', async () => {
  const stranger = createRoutesAs(managed, { user: 'stranger', tags: [] })
  for (const verb of ['receive', 'settle', 'extend']) {
    const body = verb === 'extend' ? { receipts: [] } : {}
    assert.equal((await askApi(stranger, `POST ${path}/${verb}`, body))[0], 401)
    assert.equal((await askApi(routes, `POST /v1/queues/%2F/none/${verb}`, body))[0], 404)
  }
})

test('a client that goes away while it waits leaves the queue as it was', async (t) => {
  const answer = getRequestListener(routes.fetch)
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const { port } = server.address() as AddressInfo
  const controller = new AbortController()
  const gone = fetch(`http://127.0.0.1:${port}${path}/receive`, {
    method: 'POST',
    body: JSON.stringify({ wait_ms: 20_000 }),
    signal: controller.signal,
  })
  await waitFor('the request to wait', () => queue.consumerCount === 1)
  controller.abort()
  await assert.rejects(gone)
  await waitFor('it to be gone', () => queue.consumerCount === 0)
  await publish('a')
  assert.deepEqual([queue.readyCount, queue.unackedCount], [1, 0])
})

test('messages that pass are no changes that the log tells', async () => {
  const told: LogLine[] = []
  const logger = createLogger({ level: 'silent', format: 'json' })
  logger.info = (...line) => void told.push(line)
  routes = createOwnersRoutes({ ...managed, logger })
  await publish('a')
  const receipts = (await receive()).map(({ receipt }) => receipt)
  await askApi(routes, `POST ${path}/extend`, { receipts })
  await askApi(routes, `POST ${path}/settle`, { ack: receipts })
  assert.deepEqual(told, [])
  assert.equal(queue.messageCount, 0)
})
