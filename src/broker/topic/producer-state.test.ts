import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProducedBatch, ProducerState } from './producer-state.ts'

const producerId = 7

function batchAt(firstSequence: number, producerEpoch = 0): ProducedBatch {
  const lastSequence = firstSequence
  return { producerId, producerEpoch, firstSequence, lastSequence, isTransactional: false }
}

/** Stores it if it is the next one. */
function store(state: ProducerState, batch: ProducedBatch): void {
  assert.equal(state.findDuplicate(batch), undefined)
  const { firstSequence, lastSequence } = batch
  state.add(batch, { firstSequence, lastSequence, baseOffset: 0, timestamp: 0, ticket: undefined })
}

const outOfOrder = { code: 'out_of_order_sequence' }

test('a producer that is not known may begin anywhere, as in Kafka, and leaves no gap after that', () => {
  const state = new ProducerState()
  store(state, batchAt(5))
  assert.throws(() => state.findDuplicate(batchAt(7)), outOfOrder)
  store(state, batchAt(6))
})

test('nothing is stored before a batch that failed, until that is sent again', () => {
  const state = new ProducerState()
  state.noteFailed(batchAt(0), 0)
  state.noteFailed(batchAt(1), 0)
  assert.throws(() => state.findDuplicate(batchAt(1)), outOfOrder)
  store(state, batchAt(0))
  store(state, batchAt(1))
})

test('a producer that gives up what failed goes on with the next epoch', () => {
  const state = new ProducerState()
  state.noteFailed(batchAt(0), 0)
  store(state, batchAt(0, 1))
  store(state, batchAt(1, 1))
})

test('a failed batch changes nothing for a producer that is known', () => {
  const state = new ProducerState()
  store(state, batchAt(0))
  state.noteFailed(batchAt(1), 0)
  assert.throws(() => state.findDuplicate(batchAt(2)), outOfOrder)
  assert.equal(state.findDuplicate(batchAt(0))?.firstSequence, 0)
  store(state, batchAt(1))
})

test('a producer of which nothing but a failure is known is forgotten as others are', () => {
  const state = new ProducerState()
  state.noteFailed(batchAt(0), 100)
  assert.deepEqual(state.expire(100, 10), [])
  assert.deepEqual(state.expire(101, 10), [producerId])
  assert.equal(state.count, 0)
})

for (const isOpen of [false, true]) {
  test(`who has ended a transaction is known after a restart ${isOpen ? 'in' : 'before'} the next`, () => {
    const state = new ProducerState()
    const batch = { ...batchAt(0), isTransactional: true }
    store(state, batch)
    assert.equal(state.coordinatorEpochOf(producerId), -1)
    state.endTransaction({ producerId, epoch: 0, coordinatorEpoch: 5 }, 10)
    if (isOpen) store(state, { ...batchAt(1), isTransactional: true })
    const restored = new ProducerState()
    restored.restore(producerId, state.encode(producerId))
    assert.equal(restored.coordinatorEpochOf(producerId), 5)
    assert.equal([...restored.transactions()].length, isOpen ? 1 : 0)
  })
}
