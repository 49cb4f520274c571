// A short part of `npm run check:spread`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransitLane } from '../../src/broker/spread/transit-lane.ts'
import { Partition } from '../../src/broker/topic/partition.ts'
import { simulateSpread } from './simulate-spread.ts'

test('messages to and from other cells are there once, whichever crashes (seed 2)', async () => {
  const { faults, stops, confirmed, produced, streamed } = await simulateSpread(2)
  assert.deepEqual(faults, [])
  assert.ok(stops > 5 && confirmed > 50 && produced > 20 && streamed > 50)
})

test('the simulation finds a leader that does not know what it has', async (t) => {
  t.mock.method(Partition.prototype, 'sentEnd', () => 0)
  const { faults } = await simulateSpread(2)
  assert.match(faults.join('\n'), /doubled/)
})

test('the simulation finds a home that forgets what the leader has not', async (t) => {
  const original = TransitLane.prototype.onSent
  t.mock.method(TransitLane.prototype, 'onSent', function (this: TransitLane, end: number) {
    original.call(this, end + 1)
  })
  const { faults } = await simulateSpread(2)
  assert.match(faults.join('\n'), /missing/)
})
