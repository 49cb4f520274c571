import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  GroupFixture,
  place,
  protocol,
  rebalanceMs,
  sessionMs,
} from '../../../test/support/group-fixture.ts'
import { GroupFormatError } from './group-format-error.ts'
import { encodeGroup, encodeGroupKey, encodeOffset, encodeOffsetKey } from './group-rows.ts'
import type { GroupRow } from './group-store.ts'

describe('after a crash', () => {
  test('a stable group goes on as if nothing had happened', () => {
    const before = new GroupFixture()
    const protocols = [protocol('range'), protocol('sticky')]
    const [leader, other] = before.stableGroup(2, { protocols })
    const described = before.coordinator.describe('g')
    const after = before.crash()
    assert.deepEqual(after.coordinator.describe('g'), described)
    assert.equal(after.heartbeat(leader!), undefined)
    assert.equal(after.heartbeat(other!), undefined)
    assert.equal(after.sync(other!).answer.assignment.toString(), 'a1')
    const joined = after.join({ memberId: other!, protocols })
    assert.equal(joined.answer.generation, 1)
    assert.equal(joined.answer.leaderId, leader)
  })

  test('members have their whole session to come back, then they are lost', () => {
    const before = new GroupFixture()
    const [leader] = before.stableGroup(2)
    before.clock.advance(sessionMs - 1)
    const after = before.crash()
    after.clock.advance(sessionMs - 1)
    assert.equal(after.heartbeat(leader!), undefined)
    after.clock.advance(1)
    assert.equal(after.heartbeat(leader!), 'rebalance_in_progress')
    assert.equal(after.coordinator.describe('g')?.members.length, 1)
  })

  test('a restored member may wait for a rebalance longer than its session', () => {
    const before = new GroupFixture()
    const [leader, other] = before.stableGroup(2)
    const after = before.crash()
    const joined = after.join({ memberId: leader! })
    for (let ms = 0; ms < sessionMs * 3; ms += 5000) {
      after.heartbeat(other!)
      after.clock.advance(5000)
    }
    assert.equal(joined.isWaiting, true)
    after.join({ memberId: other! })
    assert.equal(joined.answer.leaderId, leader)
  })

  test('an answered commit is there, one that was not may be gone, and none goes back', () => {
    const before = new GroupFixture()
    for (let offset = 1; offset <= 5; offset++) before.commitAlone(offset)
    before.store.isHeld = true
    before.commit([place('orders', 0, 6)])
    const after = before.crash()
    assert.equal(after.committed(), 5)
    assert.equal(after.commitAlone(7), undefined)
    assert.equal(after.crash().committed(), 7)
  })

  test('an offset and a retention that no sane client sends are there too', () => {
    const before = new GroupFixture()
    assert.equal(before.commitAlone(2 ** 63, { retentionMs: 2 ** 63 }), undefined)
    assert.equal(before.crash().committed(), 2 ** 63)
  })

  test('offsets of a group that has no row of its own make a group that only stores offsets', () => {
    const before = new GroupFixture()
    before.commitAlone(3)
    const after = before.crash()
    assert.equal(after.coordinator.describe('g')?.protocolType, '')
    assert.equal(after.commitAlone(4), undefined)
  })

  test('offsets that were deleted stay deleted', () => {
    const before = new GroupFixture()
    before.commit([place('orders', 0, 1), place('users', 0, 1)])
    before.clock.endTurn()
    before.coordinator.deleteTopic('orders')
    before.clock.endTurn()
    const after = before.crash()
    assert.equal(after.committed('orders'), undefined)
    assert.equal(after.committed('users'), 1)
  })

  test('an empty group remembers its generation, and since when it is empty', () => {
    const before = new GroupFixture()
    const [id] = before.stableGroup(1)
    before.coordinator.leave('g', [{ memberId: id!, instanceId: undefined }])
    before.clock.endTurn()
    const after = before.crash()
    const described = after.coordinator.describe('g')
    assert.equal(described?.state, 'Empty')
    assert.equal(described?.generation, 2)
    assert.equal(described?.protocolType, 'consumer')
  })

  test('a rebalance that was under way is begun again by its members', () => {
    const before = new GroupFixture()
    const [leader] = before.stableGroup(2)
    before.joinTwice()
    before.join({ memberId: leader! })
    const after = before.crash()
    assert.equal(after.state(), 'Stable')
    assert.equal(after.heartbeat(leader!), undefined)
    assert.equal(after.join({ memberId: leader! }).isWaiting, true)
    assert.equal(after.state(), 'PreparingRebalance')
  })

  test('a generation that members were told of, without an assignment, is not there', () => {
    const before = new GroupFixture()
    const [leader] = before.stableGroup(1)
    const joined = before.join({ memberId: leader! })
    assert.equal(joined.answer.generation, 2)
    const after = before.crash()
    assert.equal(after.heartbeat(leader!, 2), 'illegal_generation')
    assert.equal(after.sync(leader!, { generation: 2 }).answer.error, 'illegal_generation')
  })

  test('a static member is known by its last id, and the one before is fenced', () => {
    const before = new GroupFixture()
    const first = before.join({ instanceId: 'i0' })
    before.clock.advance(500)
    const old = first.answer.memberId
    before.syncAll([old], 1)
    const back = before.join({ instanceId: 'i0' })
    before.clock.endTurn()
    const after = before.crash()
    assert.equal(after.heartbeat(old, 1, 'i0'), 'fenced_instance_id')
    assert.equal(after.heartbeat(back.answer.memberId, 1, 'i0'), undefined)
  })

  test('a group with more members than allowed now rebalances to lose some', () => {
    const before = new GroupFixture()
    const ids = before.stableGroup(3)
    const after = new GroupFixture({ rows: before.store.rows(), config: { membersMax: 2 } })
    assert.equal(after.state(), 'PreparingRebalance')
    const joins = ids.map((memberId) => after.join({ memberId }))
    assert.equal(joins[2]!.answer.error, 'group_max_size_reached')
    after.clock.advance(rebalanceMs)
    assert.equal(joins[0]!.answer.generation, 2)
    assert.equal(joins[1]!.answer.generation, 2)
  })
})

test('a row that cannot be read stops the start', () => {
  const rows = [{ key: Buffer.from([9]), value: Buffer.from([1]) }]
  assert.throws(() => new GroupFixture({ rows }), GroupFormatError)
})

test('a group that has one member twice is refused', () => {
  const member = {
    memberId: 'm',
    instanceId: undefined,
    clientId: '',
    clientHost: '',
    rebalanceTimeoutMs: 1,
    sessionTimeoutMs: 1,
    protocols: [protocol('range')],
    assignment: Buffer.alloc(0),
  }
  const value = encodeGroup({
    generation: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leaderId: 'm',
    stateSinceMs: 0,
    members: [member, member],
  })
  const rows = [{ key: encodeGroupKey('g'), value }]
  assert.throws(() => new GroupFixture({ rows }), GroupFormatError)
})

describe('offsets of partitions that are no more', () => {
  const row = (groupId: string, topic: string, partition = 0): GroupRow => ({
    key: encodeOffsetKey(groupId, { topic, partition }),
    value: encodeOffset({
      offset: 9,
      leaderEpoch: -1,
      metadata: '',
      committedMs: 0,
      expiresMs: undefined,
    }),
  })

  test('are dropped at the start, in memory and in the store', () => {
    const kept = row('g', 'orders')
    const rows = [row('g', 'gone'), kept, row('g', 'orders', 10), row('other', 'gone')]
    const fixture = new GroupFixture({ rows })
    fixture.clock.endTurn()
    assert.deepEqual(fixture.store.rows(), [kept])
    assert.equal(fixture.coordinator.describe('other'), undefined)
    fixture.topics.add('gone')
    assert.equal(fixture.committed('gone'), undefined)
    assert.equal(fixture.committed(), 9)
  })

  test('are dropped however many they are', () => {
    const rows = Array.from({ length: 2500 }, (_, number) => row(`g${number}`, 'gone'))
    const fixture = new GroupFixture({ rows })
    fixture.clock.endTurn()
    assert.equal(fixture.store.rowCount, 0)
  })
})
