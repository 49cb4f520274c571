// What moves from other brokers are made of, backups and maintenance.
import assert from 'node:assert/strict'
import { encodeMessageBlock } from '../../../src/record/message/message-block.ts'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const made = { partition_count: 2, configs: {} }

async function makeAll(api: ApiUnderTest): Promise<void> {
  await api.make('PUT', '/queues/%2F/target', { durable: true })
  await api.make('PUT', '/v1/moves/topics/copied', made)
}

const topic: Example = { status: 200, names: { topic: 'copied' }, before: makeAll }
const ofMaintenance: Example = {
  status: 204,
  // Others of these tests would find no ports.
  before: (api) => api.make('DELETE', '/v1/maintenance'),
}

export const moveExamples: Examples = {
  'POST /v1/moves/queues/{vhost}/{name}/messages': {
    status: 200,
    names: { name: 'target' },
    before: makeAll,
    body: encodeMessageBlock([]),
    check: ({ message_count: count }: { readonly message_count: number }) => assert.equal(count, 0),
  },
  'GET /v1/moves/topics/{topic}': topic,
  'PUT /v1/moves/topics/{topic}': { ...topic, body: made, missing: 'none' },
  'POST /v1/moves/topics/{topic}/{partition}/batches': {
    ...topic,
    names: { topic: 'copied', partition: '0' },
    query: { from: '0', to: '0', start: '0' },
    body: Buffer.alloc(0),
  },
  'POST /v1/moves/groups/{group}/offsets': {
    ...topic,
    names: { group: 'copied' },
    body: { offsets: [{ topic: 'copied', partition: 0, offset: 0, metadata: '' }] },
    missing: 'none',
  },
  // A broker in memory has nothing on disk.
  'GET /v1/backup': { status: 400 },
  'GET /v1/maintenance': { ...ofMaintenance, status: 200 },
  'PUT /v1/maintenance': ofMaintenance,
  'DELETE /v1/maintenance': ofMaintenance,
}
