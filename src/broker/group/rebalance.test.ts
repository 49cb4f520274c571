// What time does to a group: sessions, rebalance timeouts, in each state.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  delayMs,
  GroupFixture,
  rebalanceMs,
  sessionMs,
} from '../../../test/support/group-fixture.ts'

/** Lets time pass while these members heartbeat. */
function liveOn(fixture: GroupFixture, ids: readonly string[], ms: number): void {
  const stepMs = sessionMs / 2
  for (let passed = 0; passed < ms; passed += stepMs) {
    for (const id of ids) fixture.heartbeat(id)
    fixture.clock.advance(Math.min(stepMs, ms - passed))
  }
}

describe('a session that ends', () => {
  test('in Stable starts a rebalance', () => {
    const fixture = new GroupFixture()
    const [leader, other] = fixture.stableGroup(2)
    liveOn(fixture, [leader!], sessionMs)
    assert.equal(fixture.heartbeat(other!), 'unknown_member_id')
    assert.equal(fixture.heartbeat(leader!), 'rebalance_in_progress')
    assert.deepEqual(fixture.events, ['g stable 1 2', 'g lost'])
  })

  test('in Stable of the last member empties the group', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1)
    fixture.clock.advance(sessionMs)
    assert.equal(fixture.state(), 'Empty')
    assert.equal(fixture.coordinator.describe('g')?.generation, 2)
    assert.deepEqual(fixture.events, ['g stable 1 1', 'g lost', 'g empty 2'])
  })

  test('in CompletingRebalance starts a rebalance', () => {
    const fixture = new GroupFixture()
    fixture.joinTwice()
    const other = fixture.joinTwice()
    fixture.clock.advance(delayMs * 2)
    liveOn(fixture, [other.id], sessionMs)
    assert.equal(fixture.state(), 'PreparingRebalance')
    assert.equal(fixture.coordinator.describe('g')?.members.length, 1)
  })

  test('in PreparingRebalance lets it end when all others have joined', () => {
    const fixture = new GroupFixture()
    const [leader] = fixture.stableGroup(2)
    const joined = fixture.join({ memberId: leader! })
    assert.equal(joined.isWaiting, true)
    fixture.clock.advance(sessionMs)
    assert.equal(joined.answer.generation, 2)
    assert.equal(joined.answer.members.length, 1)
  })

  test('does not count for a member whose join waits', () => {
    const fixture = new GroupFixture()
    const [leader, other] = fixture.stableGroup(2)
    const joined = fixture.join({ memberId: leader! })
    liveOn(fixture, [other!], sessionMs * 3)
    assert.equal(joined.isWaiting, true)
    fixture.join({ memberId: other! })
    assert.equal(joined.answer.generation, 2)
    fixture.clock.advance(sessionMs - 1)
    assert.equal(fixture.state(), 'CompletingRebalance')
    assert.equal(fixture.coordinator.describe('g')?.members.length, 2)
  })

  test('does not count for a member whose sync waits, and begins anew when it is answered', () => {
    const fixture = new GroupFixture()
    const leader = fixture.joinTwice()
    const other = fixture.joinTwice()
    fixture.clock.advance(delayMs * 2)
    const synced = fixture.sync(other.id)
    liveOn(fixture, [leader.id], sessionMs * 2)
    fixture.sync(leader.id)
    fixture.clock.endTurn()
    assert.equal(synced.answer.error, undefined)
    fixture.clock.advance(sessionMs - 1)
    assert.equal(fixture.heartbeat(other.id), undefined)
  })

  test('is put off by heartbeats and by commits', () => {
    const fixture = new GroupFixture()
    const [id] = fixture.stableGroup(1)
    for (let round = 0; round < 5; round++) {
      fixture.clock.advance(sessionMs - 1)
      assert.equal(fixture.heartbeat(id!), undefined)
      fixture.clock.advance(sessionMs - 1)
      assert.equal(fixture.commitAlone(round, { memberId: id!, generation: 1 }), undefined)
    }
  })
})

describe('a rebalance', () => {
  test('ends without members that do not come in time, though they heartbeat', () => {
    const fixture = new GroupFixture()
    const [leader, other] = fixture.stableGroup(2)
    const third = fixture.joinTwice()
    fixture.join({ memberId: leader! })
    for (let passed = 0; passed < rebalanceMs; passed += 5000) {
      assert.equal(fixture.heartbeat(other!), 'rebalance_in_progress')
      fixture.clock.advance(5000)
    }
    assert.equal(fixture.heartbeat(other!), 'unknown_member_id')
    assert.equal(third.joined.answer.generation, 2)
  })

  test('waits as long as the most patient member asked', () => {
    const fixture = new GroupFixture()
    const patient = fixture.joinTwice({ rebalanceTimeoutMs: 120_000 })
    const hasty = fixture.joinTwice({ rebalanceTimeoutMs: 30_000 })
    fixture.clock.advance(delayMs * 2)
    fixture.syncAll([patient.id, hasty.id], 1)
    const joined = fixture.join({ memberId: patient.id, rebalanceTimeoutMs: 120_000 })
    assert.equal(joined.isWaiting, true)
    liveOn(fixture, [hasty.id], 119_999)
    assert.equal(joined.isWaiting, true)
    fixture.clock.advance(1)
    assert.equal(joined.answer.generation, 2)
  })

  test('that only static members could join goes on waiting for one of them', () => {
    const fixture = new GroupFixture()
    const request = { sessionTimeoutMs: 600_000, rebalanceTimeoutMs: 10_000 }
    const first = fixture.join({ ...request, instanceId: 'i0' })
    const second = fixture.join({ ...request, instanceId: 'i1' })
    fixture.clock.advance(delayMs * 2)
    fixture.syncAll([first.answer.memberId, second.answer.memberId], 1)
    const { id, joined } = fixture.joinTwice({ ...request })
    fixture.coordinator.leave('g', [{ memberId: id, instanceId: undefined }])
    assert.equal(joined.answer.error, 'unknown_member_id')
    fixture.clock.advance(25_000)
    assert.equal(fixture.state(), 'PreparingRebalance')
    const back = fixture.join({ ...request, memberId: second.answer.memberId, instanceId: 'i1' })
    fixture.clock.advance(10_000)
    assert.equal(back.answer.generation, 2)
    assert.equal(back.answer.leaderId, second.answer.memberId)
    assert.equal(back.answer.members.length, 2)
  })

  test('leaves no timer behind when its members vanish before they sync', () => {
    const fixture = new GroupFixture()
    const before = fixture.clock.timerCount
    fixture.joinTwice()
    fixture.clock.advance(delayMs)
    assert.equal(fixture.state(), 'CompletingRebalance')
    fixture.clock.advance(sessionMs)
    assert.equal(fixture.state(), 'Empty')
    assert.equal(fixture.clock.timerCount, before)
  })

  test('leaves no timer behind once the group is gone', () => {
    const fixture = new GroupFixture()
    const before = fixture.clock.timerCount
    fixture.stableGroup(3)
    fixture.join()
    fixture.clock.advance(sessionMs * 2)
    assert.equal(fixture.state(), 'Empty')
    assert.equal(fixture.clock.timerCount, before)
  })
})
