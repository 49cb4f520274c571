// The demo on a broker: one message for two protocols, and nothing of it at the end.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { DemoJson } from '../../src/admin/v1/demo-operations.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

/** Two client libraries are loaded first. */
const slowMsMax = 30_000

let broker: TestBroker
beforeEach(async () => {
  broker = await TestBroker.start(['--kafka-port', '0', '--http-port', '0'])
})
afterEach(() => broker[Symbol.asyncDispose]())

interface Answer {
  readonly status: number
  readonly json: unknown
}

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}/api${path}`, {
    method,
    headers: { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

async function demo(): Promise<DemoJson> {
  return (await ask('GET', '/v1/demo')).json as DemoJson
}

async function names(path: string): Promise<string[]> {
  const { json } = await ask('GET', path)
  return (json as readonly { readonly name: string }[]).map(({ name }) => name)
}

async function demoThings(): Promise<string[]> {
  const lists = await Promise.all(['/queues', '/exchanges', '/users', '/v1/groups'].map(names))
  return lists.flat().filter((name) => name.startsWith('demo'))
}

test('orders that came over AMQP are billed, and read over Kafka by two groups', async () => {
  assert.equal((await ask('POST', '/v1/demo', {})).status, 201)
  const { picture, endsAt } = await waitFor(
    'orders are paid and read, and reports fall behind',
    async () => {
      const { picture, ends_at: endsAt } = await demo()
      const isRead = picture?.readers.every(({ read }) => read > 10) === true
      if (!isRead || picture.paid <= 10) return undefined
      const [search, reports] = picture.readers
      // Each of them joins its group when it can.
      const isBehind = (reports?.lag ?? 0) > (search?.lag ?? 0)
      return isBehind ? { picture, endsAt } : undefined
    },
    slowMsMax,
  )
  assert.ok((endsAt ?? 0) > Date.now())
  assert.deepEqual(
    picture.readers.map(({ group, problem }) => [group, problem]),
    [
      ['demo.search', null],
      ['demo.reports', null],
    ],
  )
  assert.equal(picture.orders.length, 10)
  assert.match(picture.orders[0]?.routing_key ?? '', /^order\.[a-z]+\.[a-z]+$/)

  const { status } = await ask('POST', '/v1/queues/%2F/demo.orders.stream/messages/search', {
    from: 'first',
    filter: { message_id: 'order-1001' },
  })
  assert.equal(status, 200)
  // Asked for again it goes on.
  assert.equal((await ask('POST', '/v1/demo', {})).status, 201)
  assert.equal((await demo()).state, 'running')

  assert.equal((await ask('DELETE', '/v1/demo')).status, 204)
  assert.equal((await demo()).state, 'off')
  assert.deepEqual(await demoThings(), [])
  assert.equal((await ask('DELETE', '/v1/demo')).status, 204)
})

test('it ends by itself, and leaves what is not its own', async () => {
  await ask('PUT', '/queues/%2F/demo.mine', { durable: true })
  assert.equal((await ask('POST', '/v1/demo', { seconds: 1 })).status, 201)
  const { ended } = await waitFor(
    'its time is over',
    async () => {
      const status = await demo()
      return status.state === 'off' ? status : undefined
    },
    slowMsMax,
  )
  assert.equal(ended, 'its time was over')
  assert.deepEqual(await demoThings(), ['demo.mine'])
})

test('it does not begin where something of somebody else has one of its names', async () => {
  await ask('PUT', '/queues/%2F/demo.dead', { durable: true })
  const { status, json } = await ask('POST', '/v1/demo', {})
  assert.equal(status, 409)
  assert.match(JSON.stringify(json), /there is a queue 'demo\.dead' that is not the demo's/)
  assert.equal((await ask('DELETE', '/v1/demo')).status, 204)
  assert.deepEqual(await demoThings(), ['demo.dead'])
})

test('what a crash has left is told, and taken away', async () => {
  await ask('POST', '/v1/demo', {})
  await broker.kill()
  await broker.restart()
  const { state, left } = await demo()
  assert.equal(state, 'off')
  assert.ok(left.length > 4, JSON.stringify(left))
  assert.equal((await ask('DELETE', '/v1/demo')).status, 204)
  assert.deepEqual(await demoThings(), [])
})

test('a broker that stops ends it first', async () => {
  await ask('POST', '/v1/demo', {})
  assert.equal(await broker.stop(), 0)
  await broker.restart()
  assert.deepEqual(await demoThings(), [])
})
