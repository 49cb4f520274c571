import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  delayMs,
  GroupFixture,
  rebalanceMs,
  sessionMs,
} from '../../../test/support/group-fixture.ts'
import { groupLimits } from '../../limits/group.ts'
import type { GroupErrorCode } from './group-error.ts'
import type { SyncRequest } from './sync-group.ts'

/** Two members whose joins have been answered; the first leads. */
function joinedPair(fixture: GroupFixture): [leader: string, other: string] {
  const leader = fixture.joinTwice()
  const other = fixture.joinTwice()
  fixture.clock.advance(delayMs * 2)
  assert.equal(leader.joined.answer.leaderId, leader.id)
  return [leader.id, other.id]
}

const refusals: readonly {
  readonly name: string
  readonly request: Partial<SyncRequest>
  readonly error: GroupErrorCode
}[] = [
  { name: 'an empty group id', request: { groupId: '' }, error: 'invalid_group_id' },
  { name: 'an unknown group', request: { groupId: 'other' }, error: 'unknown_member_id' },
  { name: 'an unknown member', request: { memberId: 'm' }, error: 'unknown_member_id' },
  { name: 'another generation', request: { generation: 2 }, error: 'illegal_generation' },
  {
    name: 'another protocol type',
    request: { protocolType: 'connect' },
    error: 'inconsistent_group_protocol',
  },
  {
    name: 'another protocol',
    request: { protocolName: 'sticky' },
    error: 'inconsistent_group_protocol',
  },
]

describe('sync', () => {
  for (const { name, request, error } of refusals) {
    test(`refuses ${name}`, () => {
      const fixture = new GroupFixture()
      const [leader] = joinedPair(fixture)
      const { answer } = fixture.sync(leader, request)
      assert.equal(answer.error, error)
      assert.equal(answer.assignment.length, 0)
    })
  }

  test('refuses a member of an empty group', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1)
    assert.equal(fixture.sync('m', { generation: 0 }).answer.error, 'unknown_member_id')
  })

  test('refuses while a rebalance waits for joins', () => {
    const fixture = new GroupFixture()
    const [leader] = fixture.stableGroup(2)
    fixture.joinTwice()
    assert.equal(fixture.sync(leader!).answer.error, 'rebalance_in_progress')
  })

  test('waits for the leader, then for the disk, then gives each its own', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    fixture.store.isHeld = true
    const waiting = fixture.sync(other, { protocolType: 'consumer', protocolName: 'range' })
    assert.equal(waiting.isWaiting, true)
    const assignments = [
      { memberId: leader, assignment: Buffer.from('one') },
      { memberId: other, assignment: Buffer.from('two') },
      { memberId: 'stranger', assignment: Buffer.from('three') },
    ]
    const leading = fixture.sync(leader, { assignments })
    for (const { assignment } of assignments) assignment.fill('x')
    assert.equal(leading.isWaiting, true)
    assert.equal(fixture.state(), 'CompletingRebalance')
    fixture.store.release()
    assert.equal(fixture.state(), 'Stable')
    assert.equal(leading.answer.assignment.toString(), 'one')
    assert.equal(waiting.answer.assignment.toString(), 'two')
    assert.equal(waiting.answer.protocolType, 'consumer')
    assert.equal(waiting.answer.protocolName, 'range')
    assert.deepEqual(fixture.events, ['g stable 1 2'])
  })

  test('gives members that the leader forgot an empty assignment', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    const waiting = fixture.sync(other)
    fixture.sync(leader)
    fixture.clock.endTurn()
    assert.equal(waiting.answer.error, undefined)
    assert.equal(waiting.answer.assignment.length, 0)
  })

  test('gives a late member its assignment at once', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    fixture.sync(leader, { assignments: [{ memberId: other, assignment: Buffer.from('late') }] })
    fixture.clock.endTurn()
    assert.equal(fixture.sync(other).answer.assignment.toString(), 'late')
  })

  test('sent twice: the first is told to join again, the second waits', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    const first = fixture.sync(other)
    const second = fixture.sync(other)
    assert.equal(first.answer.error, 'rebalance_in_progress')
    fixture.sync(leader)
    fixture.clock.endTurn()
    assert.equal(second.answer.error, undefined)
  })

  test('a leader that syncs twice while it is stored gets, and leaves on disk, the first', () => {
    const fixture = new GroupFixture()
    const [leader] = joinedPair(fixture)
    fixture.store.isHeld = true
    fixture.sync(leader, { assignments: [{ memberId: leader, assignment: Buffer.from('a') }] })
    const second = fixture.sync(leader, {
      assignments: [{ memberId: leader, assignment: Buffer.from('b') }],
    })
    fixture.store.release()
    assert.equal(second.answer.assignment.toString(), 'a')
    assert.equal(fixture.state(), 'Stable')
    assert.equal(fixture.crash().sync(leader).answer.assignment.toString(), 'a')
  })

  test('an assignment that cannot be stored is refused for good, and the group as before', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    fixture.store.refusals = 1
    const syncs = [fixture.sync(other), fixture.sync(leader)]
    fixture.clock.endTurn()
    for (const { answer } of syncs) assert.equal(answer.error, 'policy_violation')
    assert.equal(fixture.state(), 'PreparingRebalance')
  })

  test('an assignment that is too large is refused', () => {
    const fixture = new GroupFixture()
    const [leader] = joinedPair(fixture)
    const assignment = Buffer.alloc(groupLimits.groupStateSizeMax)
    const { answer } = fixture.sync(leader, { assignments: [{ memberId: leader, assignment }] })
    assert.equal(answer.error, 'unknown_server_error')
    assert.equal(fixture.state(), 'PreparingRebalance')
  })

  test('an assignment that was overtaken by a rebalance is not given out', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    fixture.store.isHeld = true
    const leading = fixture.sync(leader, {
      assignments: [{ memberId: leader, assignment: Buffer.from('old') }],
    })
    fixture.joinTwice()
    assert.equal(leading.answer.error, 'rebalance_in_progress')
    fixture.store.release()
    assert.equal(fixture.state(), 'PreparingRebalance')
    fixture.join({ memberId: leader })
    fixture.join({ memberId: other })
    assert.equal(fixture.state(), 'CompletingRebalance')
    const described = fixture.coordinator.describe('g')
    for (const { assignment } of described!.members) assert.equal(assignment.length, 0)
  })

  describe('when the leader fails while the others wait', () => {
    test('its session ends and they are told to join again', () => {
      const fixture = new GroupFixture()
      const [leader, other] = joinedPair(fixture)
      const waiting = fixture.sync(other)
      fixture.clock.advance(sessionMs)
      assert.equal(waiting.answer.error, 'rebalance_in_progress')
      const joined = fixture.join({ memberId: other })
      assert.equal(joined.answer.leaderId, other)
      assert.equal(joined.answer.generation, 2)
      assert.equal(fixture.heartbeat(leader), 'unknown_member_id')
    })

    test('it leaves and they are told at once', () => {
      const fixture = new GroupFixture()
      const [leader, other] = joinedPair(fixture)
      const waiting = fixture.sync(other)
      fixture.coordinator.leave('g', [{ memberId: leader, instanceId: undefined }])
      assert.equal(waiting.answer.error, 'rebalance_in_progress')
    })
  })

  test('members that never sync are out after the rebalance timeout, though they heartbeat', () => {
    const fixture = new GroupFixture()
    const [leader, other] = joinedPair(fixture)
    fixture.sync(leader)
    fixture.clock.endTurn()
    for (let ms = 0; ms < rebalanceMs; ms += 5000) {
      assert.equal(fixture.heartbeat(leader), undefined)
      assert.equal(fixture.heartbeat(other), undefined)
      fixture.clock.advance(5000)
    }
    assert.equal(fixture.heartbeat(other), 'unknown_member_id')
    assert.equal(fixture.heartbeat(leader), 'rebalance_in_progress')
  })
})
