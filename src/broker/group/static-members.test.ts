// Static membership (KIP-345) and leaders that come back without an assignment to make (KIP-814).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Answered,
  delayMs,
  GroupFixture,
  protocol,
  rebalanceMs,
  sessionMs,
} from '../../../test/support/group-fixture.ts'
import type { JoinAnswer } from './join-answer.ts'
import type { JoinRequest } from './join-group.ts'

function joinStatic(
  fixture: GroupFixture,
  instanceId: string,
  request: Partial<JoinRequest> = {},
): Answered<JoinAnswer> {
  return fixture.join({ instanceId, ...request })
}

/** Static members `i0`, `i1`, … in a stable group; `i0` leads. */
function stableStaticGroup(fixture: GroupFixture, count: number): string[] {
  const joins = Array.from({ length: count }, (_, index) => joinStatic(fixture, `i${index}`))
  fixture.clock.advance(delayMs * 2)
  const ids = joins.map(({ answer }) => answer.memberId)
  fixture.syncAll(ids, 1)
  return ids
}

describe('a static member', () => {
  test('needs one step to join, and its id begins with its instance id', () => {
    const fixture = new GroupFixture()
    const joined = joinStatic(fixture, 'i0')
    fixture.clock.advance(delayMs)
    assert.match(joined.answer.memberId, /^i0-/)
    assert.equal(joined.answer.members[0]?.instanceId, 'i0')
  })

  test('that comes back unchanged takes its place again without a rebalance', () => {
    const fixture = new GroupFixture()
    const [leader, other] = stableStaticGroup(fixture, 2)
    const back = joinStatic(fixture, 'i1')
    fixture.clock.endTurn()
    const { answer } = back
    assert.notEqual(answer.memberId, other)
    assert.deepEqual(
      [answer.error, answer.generation, answer.leaderId, answer.skipsAssignment],
      [undefined, 1, leader, false],
    )
    assert.equal(fixture.state(), 'Stable')
    assert.equal(fixture.heartbeat(leader!), undefined)
    const synced = fixture.sync(answer.memberId, { instanceId: 'i1' })
    assert.equal(synced.answer.assignment.toString(), 'a1')
  })

  test('that leads and comes back is told to skip the assignment (KIP-814)', () => {
    const fixture = new GroupFixture()
    stableStaticGroup(fixture, 2)
    const back = joinStatic(fixture, 'i0')
    fixture.clock.endTurn()
    const { answer } = back
    assert.equal(answer.skipsAssignment, true)
    assert.equal(answer.leaderId, answer.memberId)
    assert.equal(answer.members.length, 2)
  })

  test('that leads, comes back and cannot skip is not told that it leads', () => {
    const fixture = new GroupFixture()
    const [leader] = stableStaticGroup(fixture, 2)
    const back = joinStatic(fixture, 'i0', { canSkipAssignment: false })
    fixture.clock.endTurn()
    const { answer } = back
    assert.equal(answer.leaderId, leader)
    assert.notEqual(answer.memberId, leader)
    assert.equal(answer.skipsAssignment, false)
    assert.equal(answer.members.length, 0)
  })

  test('that takes over a place whose sync is owed owes it too', () => {
    const fixture = new GroupFixture()
    const joins = [joinStatic(fixture, 'i0'), joinStatic(fixture, 'i1')]
    fixture.clock.advance(delayMs * 2)
    const leader = joins[0]!.answer.memberId
    fixture.sync(leader, { instanceId: 'i0' })
    fixture.clock.endTurn()
    const back = joinStatic(fixture, 'i1')
    fixture.clock.endTurn()
    for (let ms = 0; ms < rebalanceMs; ms += 5000) {
      assert.equal(fixture.heartbeat(leader, 1, 'i0'), undefined)
      assert.equal(fixture.heartbeat(back.answer.memberId, 1, 'i1'), undefined)
      fixture.clock.advance(5000)
    }
    assert.equal(fixture.heartbeat(back.answer.memberId, 1, 'i1'), 'unknown_member_id')
  })

  test('is told of its place only when its new id is durable', () => {
    const fixture = new GroupFixture()
    stableStaticGroup(fixture, 2)
    fixture.store.isHeld = true
    const back = joinStatic(fixture, 'i1')
    fixture.clock.endTurn()
    assert.equal(back.isWaiting, true)
    fixture.store.release()
    assert.equal(back.answer.generation, 1)
  })

  test('whose new id cannot be stored is refused, and no worse for it', () => {
    const fixture = new GroupFixture()
    stableStaticGroup(fixture, 2)
    fixture.store.refusals = 1
    const back = joinStatic(fixture, 'i1')
    fixture.clock.endTurn()
    assert.equal(back.answer.error, 'policy_violation')
    const again = joinStatic(fixture, 'i1')
    fixture.clock.endTurn()
    assert.equal(again.answer.generation, 1)
  })

  test('gets the answer of the rebalance that began while its new id was written', () => {
    const fixture = new GroupFixture()
    const [leader] = stableStaticGroup(fixture, 2)
    fixture.store.isHeld = true
    const back = joinStatic(fixture, 'i1')
    const joined = fixture.join({ memberId: leader!, instanceId: 'i0' })
    assert.equal(joined.answer.generation, 2)
    assert.equal(back.answer.generation, 2)
    fixture.store.release()
    assert.equal(fixture.state(), 'CompletingRebalance')
  })

  test('that comes back twice at once is in once: the first is fenced', () => {
    const fixture = new GroupFixture()
    stableStaticGroup(fixture, 2)
    fixture.store.isHeld = true
    const first = joinStatic(fixture, 'i1')
    const second = joinStatic(fixture, 'i1')
    assert.equal(first.answer.error, 'fenced_instance_id')
    fixture.store.release()
    assert.equal(second.answer.generation, 1)
    assert.equal(fixture.coordinator.describe('g')?.members.length, 2)
    // Two sessions and the look for old offsets: the fenced one has no clock.
    assert.equal(fixture.clock.timerCount, 3)
  })

  test('that comes back with a change of the vote starts a rebalance', () => {
    const fixture = new GroupFixture()
    const joined = joinStatic(fixture, 'i0', { protocols: [protocol('range'), protocol('sticky')] })
    fixture.clock.advance(delayMs)
    fixture.syncAll([joined.answer.memberId], 1)
    const back = joinStatic(fixture, 'i0', { protocols: [protocol('sticky'), protocol('range')] })
    assert.equal(back.answer.generation, 2)
    assert.equal(back.answer.protocolName, 'sticky')
    assert.equal(fixture.state(), 'CompletingRebalance')
  })

  test('that comes back while the leader assigns starts a rebalance', () => {
    const fixture = new GroupFixture()
    const joins = [joinStatic(fixture, 'i0'), joinStatic(fixture, 'i1')]
    fixture.clock.advance(delayMs * 2)
    const [leader, other] = joins.map(({ answer }) => answer.memberId)
    const synced = fixture.sync(leader!, { instanceId: 'i0' })
    const parked = fixture.sync(other!, { instanceId: 'i1' })
    joinStatic(fixture, 'i1')
    assert.equal(synced.answer.error, 'rebalance_in_progress')
    assert.equal(parked.answer.error, 'fenced_instance_id')
    assert.equal(fixture.state(), 'PreparingRebalance')
    fixture.clock.endTurn()
    assert.equal(fixture.state(), 'PreparingRebalance')
  })

  test('that comes back during a rebalance replaces the join that waits', () => {
    const fixture = new GroupFixture()
    const [leader, other] = stableStaticGroup(fixture, 2)
    fixture.join({ memberId: leader!, instanceId: 'i0' })
    const first = joinStatic(fixture, 'i0')
    assert.equal(first.isWaiting, true)
    const joined = fixture.join({ memberId: other!, instanceId: 'i1' })
    assert.equal(first.answer.generation, 2)
    assert.equal(joined.answer.generation, 2)
    assert.equal(joined.answer.leaderId, first.answer.memberId)
  })

  test('keeps its place when it is late for a rebalance; another leads', () => {
    const fixture = new GroupFixture()
    const ids = stableStaticGroup(fixture, 2)
    const third = fixture.joinTwice({ sessionTimeoutMs: 600_000 })
    const [leader, other] = ids
    const joined = fixture.join({ memberId: other!, instanceId: 'i1' })
    for (let beats = 0; joined.isWaiting; beats++) {
      assert.ok(beats < 100)
      fixture.heartbeat(leader!, 1, 'i0')
      fixture.clock.advance(sessionMs - 1)
    }
    assert.equal(joined.answer.generation, 2)
    assert.notEqual(joined.answer.leaderId, leader)
    assert.equal(third.joined.answer.generation, 2)
    assert.equal(fixture.coordinator.describe('g')?.members.length, 3)
  })

  test('is lost when its session ends, like any other', () => {
    const fixture = new GroupFixture()
    const [leader] = stableStaticGroup(fixture, 2)
    fixture.clock.advance(sessionMs - 1)
    assert.equal(fixture.heartbeat(leader!, 1, 'i0'), undefined)
    fixture.clock.advance(1)
    assert.equal(fixture.heartbeat(leader!, 1, 'i0'), 'rebalance_in_progress')
    assert.equal(fixture.coordinator.describe('g')?.members.length, 1)
  })

  describe('whose place was taken is fenced', () => {
    const fixture = new GroupFixture()
    const [, old] = stableStaticGroup(fixture, 2)
    joinStatic(fixture, 'i1')
    fixture.clock.endTurn()
    const instanceId = 'i1'

    test('in heartbeats', () => {
      assert.equal(fixture.heartbeat(old!, 1, instanceId), 'fenced_instance_id')
    })
    test('in joins', () => {
      const { answer } = fixture.join({ memberId: old!, instanceId })
      assert.equal(answer.error, 'fenced_instance_id')
    })
    test('in syncs', () => {
      assert.equal(fixture.sync(old!, { instanceId }).answer.error, 'fenced_instance_id')
    })
    test('in commits', () => {
      const request = { memberId: old!, instanceId, generation: 1 }
      assert.equal(fixture.commitAlone(1, request), 'fenced_instance_id')
    })
    test('when it leaves', () => {
      const errors = fixture.coordinator.leave('g', [{ memberId: old!, instanceId }])
      assert.deepEqual(errors, ['fenced_instance_id'])
    })
  })

  test('of an instance nobody knows is unknown', () => {
    const fixture = new GroupFixture()
    const [leader] = stableStaticGroup(fixture, 1)
    assert.equal(fixture.heartbeat(leader!, 1, 'other'), 'unknown_member_id')
  })

  test('cannot take an id that was given to a dynamic member', () => {
    const fixture = new GroupFixture()
    const { memberId } = fixture.join().answer
    const { answer } = fixture.join({ memberId, instanceId: 'i0' })
    assert.equal(answer.error, 'unknown_member_id')
  })

  test('that an operator removes by its instance id is gone', () => {
    const fixture = new GroupFixture()
    stableStaticGroup(fixture, 2)
    const errors = fixture.coordinator.leave('g', [
      { memberId: '', instanceId: 'i1' },
      { memberId: '', instanceId: 'i9' },
    ])
    assert.deepEqual(errors, [undefined, 'unknown_member_id'])
    assert.equal(fixture.state(), 'PreparingRebalance')
    assert.equal(fixture.coordinator.describe('g')?.members.length, 1)
  })
})
