import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import type { Broker } from '../../broker/broker.ts'
import { declareQueue } from '../../broker/declare-queue.ts'
import { hostNodeName as nodeName } from '../../lib/node-name.ts'
import { adminLimits } from '../../limits/admin.ts'
import { table } from '../../record/message/field-table.ts'

let broker: Broker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  const managed = openManagedBroker(['other'])
  broker = managed.broker
  routes = createOwnersRoutes(managed)
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
  node: nodeName,
  state: 'running',
  messages_persistent: 0,
  message_bytes: 0,
  message_bytes_ready: 0,
  message_bytes_unacknowledged: 0,
  message_bytes_persistent: 0,
  message_bytes_ram: 0,
  message_bytes_paged_out: 0,
  messages_ram: 0,
  messages_paged_out: 0,
  memory: 0,
  messages_details: { rate: 0 },
  messages_ready_details: { rate: 0 },
  messages_unacknowledged_details: { rate: 0 },
  effective_policy_definition: {},
  exclusive_consumer_tag: null,
  single_active_consumer_tag: null,
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

const one = (type: string): object => {
  const replicas = { leader: nodeName, members: [nodeName], online: [nodeName] }
  return { ...idle, ...replicas, arguments: { 'x-queue-type': type } }
}

test('queues and streams are listed, of all virtual hosts or of one, and shown', async () => {
  assert.deepEqual(await ask('/queues'), [200, []])
  declare('/', 'a/b', 'quorum')
  declare('other', 's', 'stream')
  const capacity = { consumer_capacity: 0, consumer_utilisation: 0 }
  const ofQuorum = { single_active_consumer_ctag: null, open_files: { [nodeName]: 0 } }
  const place = { vhost: '/', name: 'a/b' }
  const quorum = { ...place, type: 'quorum', ...one('quorum'), ...capacity, ...ofQuorum }
  const ofStream = { readers: { [nodeName]: 0 } }
  const stream = { vhost: 'other', name: 's', type: 'stream', ...one('stream'), ...ofStream }
  assert.deepEqual(await ask('/queues'), [200, [quorum, stream]])
  assert.deepEqual(await ask('/queues/%2F'), [200, [quorum]])
  assert.deepEqual(await ask('/queues/other'), [200, [stream]])
  assert.deepEqual(await ask('/queues/%2F/a%2Fb'), [
    200,
    { ...quorum, consumer_details: [], deliveries: [], incoming: [], head_message_timestamp: null },
  ])
  const missing = { error: 'Object Not Found', reason: 'Not Found' }
  for (const path of ['/queues/none', '/queues/none/s', '/queues/%2F/s']) {
    assert.deepEqual(await ask(path), [404, missing])
  }
})

test('more queues than are listed at once are one list', async () => {
  for (const count of [adminLimits.listedAtOnceMax, adminLimits.listedAtOnceMax + 1]) {
    while (broker.getVHost('/').queueCount < count)
      declare('/', `q${broker.getVHost('/').queueCount}`)
    const [, body] = await ask('/queues')
    assert.deepEqual(names(body), Array.from({ length: count }, (_, n) => `q${n}`).toSorted())
  }
})

test('others have their turn during a long list', async () => {
  while (broker.getVHost('/').queueCount < 40 * adminLimits.listedAtOnceMax) {
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

test('a page of a list is filtered and sorted before it is cut', async () => {
  for (const name of ['a1', 'B1', 'a2', 'c']) declare('/', name)
  const page = async (query: string): Promise<unknown> => (await ask(`/queues?${query}`))[1]
  const counts = { total_count: 4, filtered_count: 2, item_count: 1, page: 2, page_size: 1 }
  assert.deepEqual(
    await page('page=2&page_size=1&name=1&sort=name&sort_reverse=true&columns=name,policy'),
    { ...counts, page_count: 2, items: [{ name: 'B1', policy: null }] },
  )
  const { items } = (await page('page=1&name=^[ac]&use_regex=true')) as { readonly items: unknown }
  assert.deepEqual(names(items), ['a1', 'a2', 'c'])
  assert.deepEqual(await page('page=0'), {
    error: 'invalid_pagination_parameters',
    reason: 'Invalid pagination parameters: page number 0, page size 100',
  })
  assert.deepEqual(await page('page=9'), {
    error: 'page_out_of_range',
    reason: 'Page out of range, page: 9 page size: 100, len: 4',
  })
  for (const query of ['page=x', 'page=1&page_size=501', 'page=1&use_regex=true&name=(']) {
    assert.equal((await ask(`/queues?${query}`))[0], 400, query)
  }
})

test('columns are chosen of one queue as of many', async () => {
  declare('/', 'q')
  assert.deepEqual(await ask('/queues/%2F/q?columns=name,messages'), [
    200,
    { name: 'q', messages: 0 },
  ])
})
