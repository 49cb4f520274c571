import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Hono } from 'hono'
import { openManagedBroker } from '../../test/support/managed-broker.ts'
import type { Broker } from '../broker/broker.ts'
import { declareQueue } from '../broker/declare-queue.ts'
import { programLimits } from '../limits/program.ts'
import { table } from '../record/message/field-table.ts'
import { createManagementRoutes } from './management-routes.ts'

let broker: Broker
let routes: Hono
beforeEach(() => {
  const managed = openManagedBroker(['other'])
  broker = managed.broker
  routes = createManagementRoutes(managed)
})

function declare(vhost: string, name: string, type = 'classic'): void {
  declareQueue(broker, broker.getVHost(vhost), {
    name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: table({ 'x-queue-type': type }),
    connection: {},
  })
}

async function ask(path: string): Promise<[number, unknown]> {
  const response = await routes.request(path)
  return [response.status, await response.json()]
}

const names = (body: unknown): string[] =>
  (body as { readonly name: string }[]).map(({ name }) => name)

const idle = {
  durable: true,
  auto_delete: false,
  exclusive: false,
  messages: 0,
  messages_ready: 0,
  messages_unacknowledged: 0,
  consumers: 0,
  policy: null,
  operator_policy: null,
}

test('queues and streams are listed, of all virtual hosts or of one, and shown', async () => {
  assert.deepEqual(await ask('/queues'), [200, []])
  declare('/', 'a/b', 'quorum')
  declare('other', 's', 'stream')
  const quorum = { vhost: '/', name: 'a/b', type: 'quorum', ...idle }
  const stream = { vhost: 'other', name: 's', type: 'stream', ...idle }
  assert.deepEqual(await ask('/queues'), [200, [quorum, stream]])
  assert.deepEqual(await ask('/queues/%2F'), [200, [quorum]])
  assert.deepEqual(await ask('/queues/other'), [200, [stream]])
  assert.deepEqual(await ask('/queues/%2F/a%2Fb'), [200, quorum])
  const missing = { error: 'Object Not Found', reason: 'Not Found' }
  for (const path of ['/queues/none', '/queues/none/s', '/queues/%2F/s']) {
    assert.deepEqual(await ask(path), [404, missing])
  }
})

test('more queues than are listed at once are one list', async () => {
  for (const count of [programLimits.listedAtOnceMax, programLimits.listedAtOnceMax + 1]) {
    while (broker.getVHost('/').queueCount < count)
      declare('/', `q${broker.getVHost('/').queueCount}`)
    const [, body] = await ask('/queues')
    assert.deepEqual(
      names(body),
      Array.from({ length: count }, (_, n) => `q${n}`),
    )
  }
})

test('others have their turn during a long list', async () => {
  while (broker.getVHost('/').queueCount < 4 * programLimits.listedAtOnceMax) {
    declare('/', `q${broker.getVHost('/').queueCount}`)
  }
  let turns = 0
  let isListed = false
  const countTurns = (): void => {
    turns += 1
    if (!isListed) setImmediate(countTurns)
  }
  setImmediate(countTurns)
  await ask('/queues')
  isListed = true
  assert.ok(turns >= 4, `${turns} turns`)
})
