import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { Run } from '../../log/run.ts'
import { setBatchPlace } from '../../record/batch/batch-header.ts'
import { KeptRuns } from './kept-runs.ts'

const limits = { sizeMax: 8000, stretchesMax: 2 }

/** A run of one record with so many bytes. */
function runAt(offset: number, size = 100): Run {
  const batch = plainBatch({ body: 'x'.repeat(size) })
  setBatchPlace(batch, offset, 1)
  return Run.fromBytes(batch)
}

const offsetsOf = (runs: readonly Run[]): number[] => runs.map(({ baseOffset }) => baseOffset)

test('what was read is found from any offset of its stretch, as much as fits', () => {
  const kept = new KeptRuns(limits)
  const partition = {}
  kept.add(partition, 5, 20, [runAt(5), runAt(9), runAt(12)])
  assert.equal(kept.find(partition, 4, 1000), undefined)
  assert.equal(kept.find({}, 5, 1000), undefined)
  assert.deepEqual(offsetsOf(kept.find(partition, 6, 1000)!.runs), [9, 12])
  const one = kept.find(partition, 5, 10)!
  assert.deepEqual([offsetsOf(one.runs), one.end], [[5], 9])
  const none = kept.find(partition, 13, 1000)!
  assert.deepEqual([none.runs, none.end], [[], 20])
})

test('whoever finds runs has retained them, and they go with the last who has', () => {
  const kept = new KeptRuns(limits)
  const partition = {}
  const run = runAt(0)
  kept.add(partition, 0, 1, [run])
  run.release()
  const [found] = kept.find(partition, 0, 1000)!.runs
  kept.forget(partition)
  assert.equal(kept.size, 0)
  assert.equal(found!.holderCount, 1)
  found!.release()
  assert.equal(run.size, 0)
})

test('partitions have a few stretches each, and all together so many bytes', () => {
  const kept = new KeptRuns(limits)
  const [first, second] = [{}, {}]
  for (const offset of [0, 10, 20]) kept.add(first, offset, offset + 1, [runAt(offset)])
  assert.equal(kept.find(first, 0, 1000), undefined)
  assert.ok(kept.find(first, 10, 1000))
  kept.add(second, 0, 1, [runAt(0, 3000)])
  kept.add(second, 1, 2, [runAt(1, 3000)])
  assert.ok(kept.size <= limits.sizeMax)
  assert.equal(kept.find(first, 20, 1000), undefined, 'it was used longest ago')
  assert.ok(kept.find(second, 0, 1000))
  kept.add(second, 3, 4, [runAt(3, 5000)])
  assert.equal(kept.find(second, 3, 1000), undefined, 'more than half of all is not kept')
})
