import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupLimits } from '../../limits/group.ts'
import { StuckPlaces } from './stuck-places.ts'

const place = { groupId: 'g', topic: 't', partition: 0 }

test('a start counts after the one before is gone, and another offset begins anew', () => {
  const stuck = new StuckPlaces()
  const one = { isClosed: false }
  const two = { isClosed: false }
  assert.equal(stuck.begin(place, 5, one), 1)
  assert.equal(stuck.begin(place, 5, one), 1)
  assert.equal(stuck.begin(place, 5, two), 1, 'a rebalance')
  assert.deepEqual(stuck.of('g'), [])
  one.isClosed = true
  assert.equal(stuck.begin(place, 5, two), 1)
  two.isClosed = true
  assert.equal(stuck.begin(place, 5, { isClosed: true }), 2)
  assert.deepEqual(stuck.of('g'), [{ ...place, offset: 5, attempts: 2 }])
  assert.deepEqual(stuck.of('h'), [])
  assert.equal(stuck.begin(place, 6, two), 1)
  stuck.forget(place)
  assert.equal(stuck.begin(place, 6, two), 1)
})

test('of too many places those are forgotten that nobody has begun at for longest', () => {
  const stuck = new StuckPlaces()
  const gone = { isClosed: true }
  for (let partition = 0; partition <= groupLimits.stuckPlacesMax; partition++) {
    stuck.begin({ ...place, partition }, 0, gone)
    stuck.begin(place, 0, gone)
  }
  assert.equal(stuck.begin({ ...place, partition: 1 }, 0, gone), 1)
  assert.ok(stuck.begin(place, 0, gone) > groupLimits.stuckPlacesMax)
})
