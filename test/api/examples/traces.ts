// Messages that are followed.
import assert from 'node:assert/strict'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const filter = { message_id: 'order-7' }
const message = {
  routing_key: 'traced',
  properties: { message_id: 'order-7' },
  payload: 'x',
  payload_encoding: 'string',
}

const trace = { id: '' }

async function forgetTraces(api: ApiUnderTest): Promise<void> {
  const traces = (await api.make('GET', '/v1/traces')) as readonly { readonly id: string }[]
  for (const { id } of traces) await api.make('DELETE', `/v1/traces/%2F/${id}`)
}

async function makeTrace(api: ApiUnderTest): Promise<void> {
  await forgetTraces(api)
  await api.make('PUT', '/queues/%2F/traced', { durable: true })
  const made = await api.make('POST', '/v1/traces/%2F', { filter })
  trace.id = (made as { readonly id: string }).id
  await api.make('POST', '/exchanges/%2F/amq.default/publish', message)
}

const onTrace: Example = { status: 200, names: trace, before: makeTrace }

export const traceExamples: Examples = {
  'GET /v1/traces': { status: 200, before: makeTrace },
  'POST /v1/traces/{vhost}': { status: 201, before: forgetTraces, body: { filter } },
  'GET /v1/traces/{vhost}/{id}': onTrace,
  'GET /v1/traces/{vhost}/{id}/events': {
    ...onTrace,
    check: ({ events }: { readonly events: readonly { readonly event: string }[] }) =>
      assert.deepEqual(
        events.slice(0, 2).map(({ event }) => event),
        ['published', 'routed'],
      ),
  },
  'POST /v1/messages/{vhost}/search': {
    status: 200,
    before: makeTrace,
    body: { filter, from: '1h', count: 10 },
    check: ({ messages: [first] }: { readonly messages: readonly { readonly stream: string }[] }) =>
      assert.equal(first?.stream, 'traced'),
  },
  'POST /v1/traces/{vhost}/{id}/stop': { ...onTrace, body: {}, as: 'own' },
  'DELETE /v1/traces/{vhost}/{id}': { status: 204, names: trace, before: makeTrace, as: 'own' },
}
