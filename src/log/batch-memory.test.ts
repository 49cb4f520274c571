// Memory of a large request goes to the log with the batch in it, and from there to the next request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsAssertion } from '../../test/support/fails-assertion.ts'
import { plainBatch } from '../../test/support/plain-batch.ts'
import { pagePool } from '../lib/page-pool.ts'
import { batchHeaderSize } from '../record/batch/batch-header.ts'
import { Run } from './run.ts'

const size = 300_000

/** A batch in the memory of a request, which nobody but the log needs any more. */
function request(): { memory: Buffer; batch: Buffer } {
  const bytes = plainBatch({ body: 'v'.repeat(size) })
  const memory = pagePool.take(bytes.length + 100)
  bytes.copy(memory, 50)
  return { memory, batch: memory.subarray(50, 50 + bytes.length) }
}

function isTaken(memory: Buffer): boolean {
  return pagePool.take(memory.length).buffer === memory.buffer
}

test('a batch keeps the memory of its request until its run is released', () => {
  const { memory, batch } = request()
  const run = Run.fromBatch(batch, 0, 1)
  pagePool.release(memory)
  assert.equal(isTaken(memory), false)
  run.release()
  assert.equal(isTaken(memory), true)
})

test('the batches of one request share its memory to the last of them', () => {
  const { memory, batch } = request()
  const runs = [Run.fromBatch(batch, 0, 1), Run.fromBatch(Buffer.from(batch), 0, 1)]
  runs.push(Run.fromBatch(batch, 1, 1))
  pagePool.release(memory)
  for (const run of runs) {
    assert.equal(isTaken(memory), false)
    run.release()
  }
  assert.equal(isTaken(memory), true)
})

test('a batch that a reader has is not written over before the reader has released it', () => {
  const { memory, batch } = request()
  const run = Run.fromBatch(batch, 0, 1)
  run.retain()
  run.retain()
  pagePool.release(memory)
  run.release()
  assert.equal(run.bytes().length, batch.length)
  run.release()
  assert.equal(isTaken(memory), false)
  run.release()
  assert.equal(isTaken(memory), true)
})

test('a small batch is copied next to others, and its request can go', () => {
  const batches = ['one', 'two'].map((body) => plainBatch({ body }))
  const runs = batches.map((batch, offset) => Run.fromBatch(batch, offset, 1))
  for (const batch of batches) batch.fill(0)
  assert.equal(runs[0]?.buffer.buffer, runs[1]?.buffer.buffer)
  assert.deepEqual(
    runs.map((run) => run.bytes().toString('latin1', batchHeaderSize)),
    ['one', 'two'],
  )
})

test('a run that was released once too often is noticed', () => {
  const run = new Run(0, 0, 100)
  run.release()
  failsAssertion(() => run.release(), /released once too often/)
})
