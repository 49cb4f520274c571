// Jobs on messages, what is found, dead and delayed.
import assert from 'node:assert/strict'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const dead = {
  durable: true,
  arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' },
}
const message = { routing_key: 'work', properties: {}, payload: 'x', payload_encoding: 'string' }
const move = { kind: 'move', queue: 'work', target: { to: 'queue', name: 'dead' } }
const slow = { ...move, messages_per_second: 0.01 }

/** What each call is about: the one that was made before it. */
const job = { id: '' }
const delayed = { exchange: 'later', place: '' }

async function makeQueues(api: ApiUnderTest): Promise<void> {
  await api.make('PUT', '/queues/%2F/work', dead)
  await api.make('PUT', '/queues/%2F/dead', { durable: true })
  for (let count = 0; count < 3; count++) {
    await api.make('POST', '/exchanges/%2F/amq.default/publish', message)
  }
}

/** Ends the one before, as there are not many at once. */
async function makeJob(api: ApiUnderTest): Promise<void> {
  await forgetJobs(api)
  await makeQueues(api)
  job.id = idOf(await api.make('POST', '/v1/jobs/%2F', slow))
}

async function makePaused(api: ApiUnderTest): Promise<void> {
  await makeJob(api)
  await api.make('POST', `/v1/jobs/%2F/${job.id}/pause`, {})
}

async function makeCancelled(api: ApiUnderTest): Promise<void> {
  await makeJob(api)
  await api.make('POST', `/v1/jobs/%2F/${job.id}/cancel`, {})
}

async function forgetJobs(api: ApiUnderTest): Promise<void> {
  const jobs = (await api.make('GET', '/v1/jobs')) as readonly {
    readonly id: string
    readonly state: string
  }[]
  for (const { id, state } of jobs) {
    const isOver = ['done', 'failed', 'cancelled'].includes(state)
    const cancel = { method: 'POST', path: `/api/v1/jobs/%2F/${id}/cancel`, body: {} }
    // Refused when it is done by now.
    if (!isOver) await api.call({ ...cancel, as: 'own' })
    await api.make('DELETE', `/v1/jobs/%2F/${id}`)
  }
}

const idOf = (made: unknown): string => (made as { readonly id: string }).id

async function makeDelayed(api: ApiUnderTest): Promise<void> {
  const later = { type: 'x-delayed-message', arguments: { 'x-delayed-type': 'fanout' } }
  await api.make('PUT', '/exchanges/%2F/later', { durable: true, ...later })
  const headers = { 'x-delay': 600_000 }
  const sent = { ...message, properties: { headers } }
  await api.make('POST', '/exchanges/%2F/later/publish', sent)
  const page = await api.make('GET', '/v1/delayed-messages/%2F/later/messages')
  const { messages } = page as { readonly messages: readonly { readonly place: string }[] }
  delayed.place = messages.at(-1)!.place
}

const onJob: Example = { status: 200, names: job, before: makeJob, body: {}, as: 'own' }
const onQueues: Example = { status: 200, before: makeQueues }
const onDelayed: Example = { status: 200, names: delayed, before: makeDelayed }

export const jobExamples: Examples = {
  'GET /v1/jobs': { status: 200, before: makeJob },
  'GET /v1/jobs/{vhost}/{id}': { status: 200, names: job, before: makeJob },
  'POST /v1/jobs/{vhost}': {
    status: 202,
    body: move,
    before: async (api) => {
      await forgetJobs(api)
      await makeQueues(api)
    },
  },
  'POST /v1/jobs/{vhost}/preview': {
    ...onQueues,
    body: move,
    check: ({ messages }: { readonly messages: number }) => assert.ok(messages >= 3),
  },
  'POST /v1/jobs/{vhost}/{id}/pause': onJob,
  'POST /v1/jobs/{vhost}/{id}/resume': { ...onJob, before: makePaused },
  'POST /v1/jobs/{vhost}/{id}/cancel': onJob,
  'POST /v1/jobs/{vhost}/{id}/undo': { ...onJob, status: 202, before: makeCancelled },
  'DELETE /v1/jobs/{vhost}/{id}': { status: 204, names: job, before: makeCancelled, as: 'own' },
  'POST /v1/queues/{vhost}/{name}/messages/search': {
    ...onQueues,
    names: { name: 'work' },
    body: { filter: { text: 'x' }, count: 2 },
  },
  'GET /v1/dead-letters': onQueues,
  'GET /v1/dead-letter-counts': onQueues,
  'GET /v1/dead-letters/{vhost}': onQueues,
  'GET /v1/dead-letters/{vhost}/{name}': {
    ...onQueues,
    names: { name: 'dead' },
    query: { count: '10' },
  },
  'GET /v1/schedule': onDelayed,
  'GET /v1/schedule/due': {
    ...onDelayed,
    query: { within: '3600', bins: '60', vhost: '/', name: 'later' },
    check: ({ bins }: { readonly bins: readonly { readonly delayed: number }[] }) =>
      assert.ok(bins.some(({ delayed: messages }) => messages > 0)),
  },
  'GET /v1/schedule/next': { ...onDelayed, query: { count: '5', vhost: '/', name: 'later' } },
  'POST /v1/delayed-messages/{vhost}/{exchange}/fire': {
    ...onDelayed,
    body: { filter: { text: 'x' }, dry_run: true },
    check: ({ messages }: { readonly messages: number }) => assert.ok(messages > 0),
  },
  'POST /v1/delayed-messages/{vhost}/{exchange}/cancel': {
    ...onDelayed,
    body: {},
    check: ({ messages }: { readonly messages: number }) => assert.ok(messages > 0),
  },
  'GET /v1/delayed-messages/{vhost}': onDelayed,
  'GET /v1/delayed-messages/{vhost}/{exchange}': onDelayed,
  'GET /v1/delayed-messages/{vhost}/{exchange}/messages': onDelayed,
  'DELETE /v1/delayed-messages/{vhost}/{exchange}/messages/{place}': { ...onDelayed, status: 204 },
  'POST /v1/delayed-messages/{vhost}/{exchange}/messages/{place}/fire': {
    ...onDelayed,
    status: 204,
  },
}
