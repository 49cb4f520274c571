import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBatch } from '../../test/support/plain-batch.ts'
import { pagePool } from '../lib/page-pool.ts'
import type { Log } from '../log/log.ts'
import { Run } from '../log/run.ts'
import type { BatchWorker } from './batch-worker.ts'
import { Crossing } from './crossing.ts'

test('a batch that is being made messages of keeps its memory until that is done', () => {
  const memory = pagePool.take(300_000)
  const bytes = plainBatch({ body: 'v'.repeat(250_000) })
  bytes.copy(memory)
  const run = Run.fromBatch(memory.subarray(0, bytes.length), 0, 1)
  pagePool.release(memory)
  // The thread never answers.
  const worker = { isClosed: false, convert: () => new Promise<Run>(() => {}) }
  const crossing = new Crossing({
    worker: worker as unknown as BatchWorker,
    onUndecodable: () => undefined,
  })
  const log = { id: 1, homeAddress: Buffer.alloc(2) }
  crossing.prepare(log as unknown as Log, run, 0, () => undefined)
  run.release()
  assert.equal(run.bytes().length, bytes.length)
  assert.notEqual(pagePool.take(300_000).buffer, memory.buffer)
})
