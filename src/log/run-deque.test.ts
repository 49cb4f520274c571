import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../testing/seeded-random.ts'
import { RunDeque } from './run-deque.ts'
import { Run } from './run.ts'

test('RunDeque holds what an array would', () => {
  const random = seededRandom(5)
  const deque = new RunDeque()
  let model: Run[] = []
  let offset = 0
  for (let step = 0; step < 5000; step++) {
    const choice = random.below(100)
    if (choice < 60) {
      const run = new Run(offset, 0, 0)
      run.lastOffset = offset + random.below(3)
      offset = run.lastOffset + 1 + random.below(2)
      deque.push(run)
      model.push(run)
    } else if (choice < 99) {
      const count = random.below(Math.min(4, model.length + 1))
      assert.deepEqual(deque.takeFirst(count), model.splice(0, count))
    } else {
      deque.clear()
      model = []
    }
    const wanted = random.below(offset + 2)
    const place = model.findIndex((run) => run.lastOffset >= wanted)
    assert.equal(deque.find(wanted), place < 0 ? model.length : place)
    assert.equal(deque.length, model.length)
    assert.equal(deque.first, model[0])
    assert.equal(deque.at(model.length), undefined)
    assert.equal(deque.at(1), model[1])
    assert.deepEqual(deque.slice(1, 3), model.slice(1, 3))
  }
  assert.deepEqual([...deque], model)
})

test('RunDeque takes runs from the front of many without moving the others', () => {
  const deque = new RunDeque()
  const count = 200_000
  for (let offset = 0; offset < count; offset++) deque.push(new Run(offset, 0, 0))
  const start = process.hrtime.bigint()
  for (let offset = 0; offset < count; offset++) {
    assert.equal(deque.takeFirst(1)[0]?.baseOffset, offset)
  }
  // Moving them takes some ten seconds.
  assert.ok(process.hrtime.bigint() - start < 2_000_000_000n)
})
