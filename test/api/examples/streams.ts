// Pabal's own resources: streams and consumer groups.
import assert from 'node:assert/strict'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const stream = { durable: true, arguments: { 'x-queue-type': 'stream' } }

/** `events` is a topic that the group `billing` has a place in, `tasks` a queue. */
async function makeAll(api: ApiUnderTest): Promise<void> {
  await api.make('PUT', '/queues/%2F/events', stream)
  await api.make('PUT', '/queues/%2F/tasks', { durable: true })
  await api.make('POST', '/v1/groups/billing/reset', { topic: 'events', to: 'first' })
}

const list: Example = { status: 200, before: makeAll }
const group: Example = { ...list, names: { group: 'billing' } }
const tasks = { streams: [{ vhost: '/', name: 'tasks' }] }
const done = ({ done: [first] }: { readonly done: readonly { readonly name: string }[] }): void =>
  assert.equal(first?.name, 'tasks')

async function makeMessage(api: ApiUnderTest): Promise<void> {
  await makeAll(api)
  const messages = [{ payload: 'x', properties: { headers: { 'x-key': 'k' } } }]
  await api.make('POST', '/v1/streams/%2F/events/messages', { messages })
}

const page = {
  from: 'last',
  order: 'newest',
  count: '1',
  partition: '0',
  payload: '10',
  filter: '{"text":"x"}',
}
const message: Example = {
  status: 200,
  before: makeMessage,
  names: { name: 'events', place: '0.0' },
  check: ({ payload }: { readonly payload: string }) => assert.equal(payload, 'x'),
}

export const streamExamples: Examples = {
  'GET /v1/streams': {
    ...list,
    query: {
      kind: 'topic',
      vhost: '/',
      type: 'stream',
      state: 'empty',
      spark: 'true',
      page: '1',
      page_size: '50',
      sort: 'rates.in',
    },
  },
  'GET /v1/streams/{vhost}/{name}': {
    ...list,
    names: { name: 'events' },
    check: ({ groups }: { readonly groups: readonly { readonly name: string }[] }) =>
      assert.ok(groups.some(({ name }) => name === 'billing')),
  },
  'GET /v1/streams/{vhost}/{name}/history': { ...list, names: { name: 'tasks' } },
  'GET /v1/streams/{vhost}/{name}/consumers': { ...list, names: { name: 'tasks' } },
  'PUT /v1/streams/{vhost}/{name}/settings': {
    ...list,
    status: 204,
    names: { name: 'events' },
    body: { settings: { 'retention.ms': '3600000', 'retention.bytes': null }, dry_run: true },
  },
  'GET /v1/streams/{vhost}/{name}/tail': {
    ...list,
    names: { name: 'events' },
    query: { from: 'last', count: '1', partition: '0', filter: '{"text":"x"}', payload: '10' },
  },
  'GET /v1/streams/{vhost}/{name}/export': {
    ...list,
    names: { name: 'events' },
    query: { from: 'first', to: '0', count: '1', limit: '1', partition: '0', filter: '{}' },
  },
  'GET /v1/streams/{vhost}/{name}/messages': {
    status: 200,
    before: makeMessage,
    names: { name: 'events' },
    query: page,
    check: ({ messages }: { readonly messages: readonly object[] }) =>
      assert.equal(messages.length, 1),
  },
  'GET /v1/streams/{vhost}/{name}/messages/{place}': { ...message, query: { payload: '10' } },
  'GET /v1/streams/{vhost}/{name}/messages/{place}/payload': {
    ...message,
    query: { at: '0', size: '1' },
    check: () => undefined,
  },
  'GET /v1/streams/{vhost}/{name}/keys/{key}': {
    ...message,
    names: { name: 'events', key: 'k' },
    query: { payload: '10', encoding: 'text', partition: '0', cursor: '0.1' },
  },
  'GET /v1/streams/{vhost}/{name}/offsets': {
    ...message,
    names: { name: 'events' },
    query: { at: '2026-11-29T07:00:00Z', partition: '0' },
    check: ({ offsets }: { readonly offsets: readonly { readonly offset: number }[] }) =>
      assert.equal(offsets[0]?.offset, 0),
  },
  'POST /v1/streams/delete': { ...list, body: tasks, check: done },
  'POST /v1/streams/purge': { ...list, body: { ...tasks, dry_run: true }, check: done },
  'GET /v1/topology/{vhost}': {
    ...list,
    query: { around: 'queue:events', steps: '2', count: '50' },
    check: ({ edges }: { readonly edges: readonly { readonly to: string }[] }) =>
      assert.ok(edges.some(({ to }) => to === 'group:billing')),
  },
  'POST /v1/streams/pause': { ...list, body: tasks, check: done },
  'POST /v1/streams/resume': { ...list, body: tasks, check: done },
  'POST /v1/topics': {
    status: 201,
    body: { name: 'made', partitions: 2, settings: { 'retention.ms': '60000' } },
    check: (made: { readonly partitions: number; readonly settings: object }) =>
      assert.deepEqual([made.partitions, made.settings], [2, { 'retention.ms': '60000' }]),
  },
  'GET /v1/groups': list,
  'GET /v1/groups/{group}': group,
  'POST /v1/groups/{group}/reset': {
    ...group,
    body: { topic: 'events', to: '1h', partition: 0, dry_run: false },
    missing: 'none',
  },
  'DELETE /v1/groups/{group}': { ...group, status: 204 },
  'PUT /v1/groups/{group}/dead-letters': {
    ...group,
    status: 204,
    body: { attempts: 3, to: 'tasks' },
    missing: 'none',
  },
  'DELETE /v1/groups/{group}/dead-letters': { ...group, status: 204, missing: 'none' },
  'POST /v1/groups/{group}/set-aside': {
    status: 200,
    before: makeMessage,
    names: { group: 'billing' },
    body: { topic: 'events', partition: 0, to: 'tasks' },
    missing: 400,
    check: ({ offset }: { readonly offset: number }) => assert.equal(offset >= 0, true),
  },
}
