// What the operations of a move answer to those who ask for the wrong thing; test/integration moves with them.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import type { Broker } from '../../broker/broker.ts'
import { declareQueue } from '../../broker/declare-queue.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import { openGroups } from '../../cell/open-groups.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { table } from '../../record/message/field-table.ts'
import { encodeMessageBlock, type RawMessage } from '../../record/message/message-block.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'

let broker: Broker
let groups: GroupCoordinator
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  const managed = openManagedBroker()
  broker = managed.broker
  groups = openGroups(broker, broker.getVHost('/'), new Map())
  routes = createOwnersRoutes({ ...managed, groups })
})

async function ask(
  method: string,
  path: string,
  body?: Buffer | object,
): Promise<[number, unknown]> {
  const bytes = Buffer.isBuffer(body) ? body : body && JSON.stringify(body)
  const sent = bytes === undefined ? {} : { body: bytes }
  const response = await routes.request(`/v1/moves/${path}`, { method, ...sent })
  const text = await response.text()
  return [response.status, text === '' ? undefined : JSON.parse(text)]
}

function messageOf(text: string, properties: BasicProperties = {}): RawMessage {
  const body = Buffer.from(text)
  return {
    address: encodeAddress('x', 'k'),
    header: encodeContentHeader(body.length, properties),
    body,
  }
}

function declare(name: string, args: Parameters<typeof table>[0] = {}): void {
  declareQueue(broker, broker.getVHost('/'), {
    name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: table(args),
    connection: {},
  })
}

test('a queue takes messages as far as it can, and says why not further', async () => {
  declare('q', { 'x-max-length': 2, 'x-overflow': 'reject-publish' })
  const path = 'queues/%2F/q/messages'
  const three = encodeMessageBlock(['a', 'b', 'c'].map((text) => messageOf(text)))
  assert.deepEqual(await ask('POST', path, three), [200, { message_count: 2, is_full: true }])
  declare('odd')
  const odd = encodeMessageBlock([messageOf('a'), messageOf('b', { expiration: 'soon' })])
  const [status, answer] = await ask('POST', 'queues/%2F/odd/messages', odd)
  const { message_count: count, is_full: isFull, reason } = answer as Record<string, unknown>
  assert.deepEqual([status, count, isFull], [200, 1, false])
  assert.match(String(reason), /invalid expiration/)
  assert.deepEqual(await ask('POST', path, Buffer.alloc(0)), [
    200,
    { message_count: 0, is_full: false },
  ])
})

test('messages for no queue, none that are messages, and a broker that is blocked', async () => {
  const block = encodeMessageBlock([messageOf('a')])
  assert.equal((await ask('POST', 'queues/%2F/none/messages', block))[0], 404)
  assert.equal((await ask('POST', 'queues/none/q/messages', block))[0], 404)
  declare('q')
  assert.equal((await ask('POST', 'queues/%2F/q/messages', block.subarray(1)))[0], 400)
  assert.equal((await ask('GET', 'queues/%2F/q/messages'))[0], 405)
  broker.shortage.set('disk', true)
  const blocked = { error: 'blocked', reason: 'low on disk' }
  assert.deepEqual(await ask('POST', 'queues/%2F/q/messages', block), [429, blocked])
})

test('a topic is made once, with as many partitions as were asked for', async () => {
  const asked = { partition_count: 2, configs: { 'retention.ms': '-1' } }
  const empty = { start_offset: 0, end_offset: 0, is_copy: true }
  const made = { configs: { 'retention.ms': '-1' }, partitions: [empty, empty] }
  assert.equal((await ask('GET', 'topics/t'))[0], 404)
  assert.deepEqual(await ask('PUT', 'topics/t', asked), [200, made])
  assert.deepEqual(await ask('PUT', 'topics/t', asked), [200, made])
  assert.deepEqual(await ask('GET', 'topics/t'), [200, made])
  for (const [topic, wrong] of [
    ['t', { ...asked, partition_count: 3 }],
    ['u', { ...asked, configs: { nonsense: '1' } }],
    ['a%20b', asked],
    ['u', { ...asked, partition_count: 0 }],
    ['u', { ...asked, partition_count: 1e9 }],
    ['u', { configs: {} }],
  ] as const) {
    assert.equal((await ask('PUT', `topics/${topic}`, wrong))[0], 400, JSON.stringify(wrong))
  }
})

test('batches go where they belong, or nowhere', async () => {
  await ask('PUT', 'topics/t', { partition_count: 1, configs: {} })
  const batch = plainBatch({ recordCount: 2 })
  const place = (from: unknown, to: unknown, start: unknown = 0): string =>
    `topics/t/0/batches?from=${String(from)}&to=${String(to)}&start=${String(start)}`
  for (const path of [
    place(1, 2),
    place(0, 1),
    place('x', 2),
    place(0, -1),
    'topics/t/0/batches',
  ]) {
    assert.equal((await ask('POST', path, batch))[0], 400, path)
  }
  assert.equal((await ask('POST', 'topics/t/1/batches?from=0&to=2&start=0', batch))[0], 404)
  assert.equal((await ask('POST', 'topics/none/0/batches?from=0&to=2&start=0', batch))[0], 404)
  assert.deepEqual(await ask('POST', place(0, 2), batch), [200, { end_offset: 2 }])
  const [, state] = await ask('GET', 'topics/t')
  const partition = { start_offset: 0, end_offset: 2, is_copy: true }
  assert.deepEqual(state, { configs: {}, partitions: [partition] })
  broker.shortage.set('disk', true)
  assert.equal((await ask('POST', place(2, 4), batch))[0], 429)
})

test('offsets of a group are set forward, where there is such a partition', async () => {
  await ask('PUT', 'topics/t', { partition_count: 1, configs: {} })
  const at = (offset: number, topic = 't'): object => ({
    offsets: [{ topic, partition: 0, offset, metadata: 'm' }],
  })
  assert.deepEqual(await ask('POST', 'groups/g/offsets', at(5)), [200, { set: 1, kept: 0 }])
  assert.deepEqual(await ask('POST', 'groups/g/offsets', at(4)), [200, { set: 0, kept: 1 }])
  assert.equal(groups.fetchOffset('g', { topic: 't', partition: 0 }).committed?.offset, 5)
  const unknown = { set: 0, kept: 0, reason: 'unknown topic or partition' }
  assert.deepEqual(await ask('POST', 'groups/g/offsets', at(5, 'none')), [200, unknown])
  assert.equal((await ask('POST', 'groups/g/offsets', { offsets: 1 }))[0], 400)
  assert.equal((await ask('POST', 'groups/g/offsets', at(-1)))[0], 400)
})
