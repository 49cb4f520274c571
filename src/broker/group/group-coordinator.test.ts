import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  delayMs,
  GroupFixture,
  protocol,
  rebalanceMs,
} from '../../../test/support/group-fixture.ts'
import { groupLimits } from '../../limits/group.ts'

describe('heartbeat', () => {
  const cases = [
    { name: 'an empty group id', groupId: '', memberId: 'm', error: 'invalid_group_id' },
    { name: 'an unknown group', groupId: 'other', memberId: 'm', error: 'unknown_member_id' },
    { name: 'an unknown member', groupId: 'g', memberId: 'm', error: 'unknown_member_id' },
  ]
  for (const { name, groupId, memberId, error } of cases) {
    test(`refuses ${name}`, () => {
      const fixture = new GroupFixture()
      fixture.stableGroup(1)
      const request = { groupId, memberId, instanceId: undefined, generation: 1 }
      assert.equal(fixture.coordinator.heartbeat(request), error)
    })
  }

  test('refuses another generation', () => {
    const fixture = new GroupFixture()
    const [id] = fixture.stableGroup(1)
    assert.equal(fixture.heartbeat(id!, 0), 'illegal_generation')
    assert.equal(fixture.heartbeat(id!, 2), 'illegal_generation')
  })

  test('is well in CompletingRebalance and in Stable', () => {
    const fixture = new GroupFixture()
    const { id } = fixture.joinTwice()
    fixture.clock.advance(delayMs)
    assert.equal(fixture.heartbeat(id), undefined)
    fixture.syncAll([id], 1)
    assert.equal(fixture.heartbeat(id), undefined)
  })
})

describe('leave', () => {
  test('refuses an empty group id as a whole', () => {
    assert.equal(new GroupFixture().coordinator.leave('', []), 'invalid_group_id')
  })

  test('answers each member of an unknown group', () => {
    const leaving = [{ memberId: 'm', instanceId: undefined }]
    assert.deepEqual(new GroupFixture().coordinator.leave('g', leaving), ['unknown_member_id'])
  })

  test('removes those that are there and names those that are not', () => {
    const fixture = new GroupFixture()
    const [leader, other] = fixture.stableGroup(2)
    const errors = fixture.coordinator.leave('g', [
      { memberId: 'stranger', instanceId: undefined },
      { memberId: other!, instanceId: undefined },
      { memberId: '', instanceId: undefined },
    ])
    assert.deepEqual(errors, ['unknown_member_id', undefined, 'unknown_member_id'])
    assert.equal(fixture.heartbeat(leader!), 'rebalance_in_progress')
  })

  test('of the last member empties the group, and its generation rises', () => {
    const fixture = new GroupFixture()
    const [id] = fixture.stableGroup(1)
    fixture.coordinator.leave('g', [{ memberId: id!, instanceId: undefined }])
    assert.equal(fixture.state(), 'Empty')
    assert.equal(fixture.coordinator.describe('g')?.generation, 2)
  })

  test('of a leader makes the next member lead', () => {
    const fixture = new GroupFixture()
    const [leader, second, third] = fixture.stableGroup(3)
    fixture.coordinator.leave('g', [{ memberId: leader!, instanceId: undefined }])
    const joined = fixture.join({ memberId: third! })
    const leading = fixture.join({ memberId: second! })
    assert.equal(joined.answer.leaderId, second)
    assert.equal(leading.answer.members.length, 2)
  })

  test('of a member whose join waits answers the join', () => {
    const fixture = new GroupFixture()
    const { id, joined } = fixture.joinTwice()
    fixture.coordinator.leave('g', [{ memberId: id, instanceId: undefined }])
    assert.equal(joined.answer.error, 'unknown_member_id')
  })

  test('of a member whose sync waits answers the sync', () => {
    const fixture = new GroupFixture()
    fixture.joinTwice()
    const { id } = fixture.joinTwice()
    fixture.clock.advance(delayMs * 2)
    const synced = fixture.sync(id)
    fixture.coordinator.leave('g', [{ memberId: id, instanceId: undefined }])
    assert.equal(synced.answer.error, 'unknown_member_id')
  })

  test('of the last one missing ends the rebalance', () => {
    const fixture = new GroupFixture()
    const [leader, other] = fixture.stableGroup(2)
    const joined = fixture.join({ memberId: leader! })
    fixture.coordinator.leave('g', [{ memberId: other!, instanceId: undefined }])
    assert.equal(joined.answer.generation, 2)
  })

  test('of an id that never joined does not disturb a stable group', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1)
    const { memberId } = fixture.join().answer
    assert.deepEqual(fixture.coordinator.leave('g', [{ memberId, instanceId: undefined }]), [
      undefined,
    ])
    assert.equal(fixture.state(), 'Stable')
  })

  test('of an id that never joined ends the rebalance that waited for it', () => {
    const fixture = new GroupFixture()
    const [leader] = fixture.stableGroup(1)
    const { memberId } = fixture.join().answer
    const joined = fixture.join({ memberId: leader! })
    assert.equal(joined.isWaiting, true)
    fixture.coordinator.leave('g', [{ memberId, instanceId: undefined }])
    assert.equal(joined.answer.generation, 2)
  })
})

describe('describe', () => {
  test('knows no group that is not there', () => {
    assert.equal(new GroupFixture().coordinator.describe('g'), undefined)
  })

  test('shows protocol and metadata of a stable group', () => {
    const fixture = new GroupFixture()
    const [id] = fixture.stableGroup(1)
    assert.deepEqual(fixture.coordinator.describe('g'), {
      groupId: 'g',
      type: 'classic',
      state: 'Stable',
      generation: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      members: [
        {
          memberId: id,
          instanceId: undefined,
          clientId: 'client',
          clientHost: '/127.0.0.1',
          metadata: protocol('range').metadata,
          assignment: Buffer.from('a0'),
        },
      ],
    })
  })

  test('shows neither while the group is not stable', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1)
    fixture.joinTwice()
    const described = fixture.coordinator.describe('g')
    assert.equal(described?.state, 'PreparingRebalance')
    assert.equal(described?.protocolName, '')
    assert.equal(described?.members.length, 2)
    for (const { metadata } of described?.members ?? []) assert.equal(metadata.length, 0)
  })

  test('shows a group that only stores offsets', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1)
    const described = fixture.coordinator.describe('g')
    assert.equal(described?.state, 'Empty')
    assert.equal(described?.protocolType, '')
  })
})

describe('list', () => {
  const fixture = new GroupFixture()
  fixture.stableGroup(1)
  fixture.commitAlone(1, { groupId: 'simple' })
  fixture.join({ groupId: 'c', protocolType: 'connect', needsKnownMemberId: false })
  const ids = (states: string[], types: string[] = []): string[] =>
    fixture.coordinator.list({ states, types }).map(({ groupId }) => groupId)

  test('without filters has all groups', () => {
    assert.deepEqual(fixture.coordinator.list({ states: [], types: [] }), [
      { groupId: 'g', protocolType: 'consumer', state: 'Stable', type: 'classic' },
      { groupId: 'simple', protocolType: '', state: 'Empty', type: 'classic' },
      { groupId: 'c', protocolType: 'connect', state: 'PreparingRebalance', type: 'classic' },
    ])
  })

  test('filters by state, without case', () => {
    assert.deepEqual(ids(['stable']), ['g'])
    assert.deepEqual(ids([' EMPTY ', 'PreparingRebalance']), ['simple', 'c'])
    assert.deepEqual(ids(['Assigning']), [])
  })

  test('filters by type, without case', () => {
    assert.deepEqual(ids([], ['Classic']), ['g', 'simple', 'c'])
    assert.deepEqual(ids([], ['consumer']), [])
  })
})

describe('deleteGroup', () => {
  function deleteGroup(fixture: GroupFixture, groupId = 'g'): string | undefined {
    let error: string | undefined = 'not answered'
    fixture.coordinator.deleteGroup(groupId, (answer) => (error = answer))
    fixture.clock.endTurn()
    return error
  }

  test('refuses a group that is not there', () => {
    assert.equal(deleteGroup(new GroupFixture()), 'group_id_not_found')
  })

  test('refuses a group with members', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1)
    assert.equal(deleteGroup(fixture), 'non_empty_group')
  })

  test('takes the group and its offsets, from the disk too', () => {
    const fixture = new GroupFixture()
    const [id] = fixture.stableGroup(1)
    fixture.commitAlone(7, { memberId: id!, generation: 1 })
    fixture.coordinator.leave('g', [{ memberId: id!, instanceId: undefined }])
    fixture.clock.endTurn()
    assert.equal(fixture.store.rowCount, 2)
    assert.equal(deleteGroup(fixture), undefined)
    assert.equal(fixture.store.rowCount, 0)
    assert.equal(fixture.coordinator.describe('g'), undefined)
    assert.equal(fixture.committed(), undefined)
    assert.equal(fixture.commitAlone(1), undefined)
    assert.equal(fixture.committed(), 1)
  })

  test('takes commits that were on their way before it', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1)
    fixture.store.isHeld = true
    const late = fixture.commit([
      { topic: 'orders', partition: 1, offset: 5, leaderEpoch: -1, metadata: '' },
    ])
    fixture.coordinator.deleteGroup('g', () => {})
    fixture.store.release()
    assert.deepEqual(late.answer, [undefined])
    assert.equal(fixture.store.rowCount, 0)
  })

  test('makes everyone wait until it is durable', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1)
    fixture.store.isHeld = true
    fixture.coordinator.deleteGroup('g', () => {})
    assert.equal(fixture.join().answer.error, 'coordinator_not_available')
    assert.equal(fixture.heartbeat('m'), 'coordinator_not_available')
    assert.equal(fixture.sync('m').answer.error, 'coordinator_not_available')
    assert.equal(
      fixture.coordinator.leave('g', [{ memberId: 'm', instanceId: undefined }]),
      'coordinator_not_available',
    )
    assert.equal(fixture.commitAlone(2), 'coordinator_not_available')
    assert.equal(fixture.committed(), undefined)
    assert.equal(fixture.coordinator.describe('g'), undefined)
    fixture.store.release()
    assert.equal(fixture.join().answer.error, 'member_id_required')
  })

  test('that cannot be stored leaves the group as it was', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1)
    fixture.store.refusals = 1
    assert.equal(deleteGroup(fixture), 'policy_violation')
    assert.equal(fixture.state(), 'Empty')
    assert.equal(fixture.committed(), 1)
  })
})

describe('close', () => {
  test('answers everyone who waits and all who come later, and stops all clocks', () => {
    const fixture = new GroupFixture()
    fixture.join()
    const joining = fixture.joinTwice()
    const other = fixture.joinTwice({ groupId: 'other' })
    fixture.coordinator.close()
    assert.equal(joining.joined.answer.error, 'coordinator_not_available')
    assert.equal(other.joined.answer.error, 'coordinator_not_available')
    assert.equal(fixture.join().answer.error, 'coordinator_not_available')
    assert.equal(fixture.sync('m').answer.error, 'coordinator_not_available')
    assert.equal(fixture.heartbeat('m'), 'coordinator_not_available')
    assert.equal(fixture.commitAlone(1), 'coordinator_not_available')
    assert.equal(fixture.clock.timerCount, 0)
  })

  test('lets a commit that is on its way be answered', () => {
    const fixture = new GroupFixture()
    fixture.store.isHeld = true
    const committed = fixture.commit([
      { topic: 'orders', partition: 0, offset: 5, leaderEpoch: -1, metadata: '' },
    ])
    fixture.coordinator.close()
    fixture.store.release()
    assert.deepEqual(committed.answer, [undefined])
  })
})

describe('limits of all groups together', () => {
  test('too many groups: a new one is refused, those that are there go on', () => {
    const fixture = new GroupFixture()
    for (let index = 0; index < groupLimits.groupsMax; index++) {
      assert.equal(fixture.commitAlone(1, { groupId: `g${index}` }), undefined)
    }
    assert.equal(fixture.join({ groupId: 'one more' }).answer.error, 'group_max_size_reached')
    assert.equal(fixture.commitAlone(1, { groupId: 'one more' }), 'policy_violation')
    assert.equal(fixture.commitAlone(2, { groupId: 'g7' }), undefined)
    assert.equal(fixture.join({ groupId: 'g7' }).answer.error, 'member_id_required')
  })

  test('too much memory: members are turned away until others leave', () => {
    const fixture = new GroupFixture()
    const sizeMax = 4 * groupLimits.groupStateSizeMax
    fixture.coordinator.limitMemory(sizeMax)
    const protocols = [
      { name: 'range', metadata: Buffer.alloc(groupLimits.groupStateSizeMax - 10_000) },
    ]
    const fits = Math.floor(sizeMax / groupLimits.groupStateSizeMax)
    const ids = Array.from({ length: fits }, (_, index) => {
      const { id, joined } = fixture.joinTwice({ groupId: `g${index}`, protocols })
      assert.equal(joined.isWaiting, true)
      return id
    })
    const { answer } = fixture.join({ groupId: 'one more', protocols })
    assert.equal(answer.error, 'group_max_size_reached')
    fixture.coordinator.leave('g0', [{ memberId: ids[0]!, instanceId: undefined }])
    const { error } = fixture.join({ groupId: 'one more', protocols }).answer
    assert.equal(error, 'member_id_required')
  })
})

test('an answer may cause the next request at once', () => {
  const fixture = new GroupFixture()
  const seen: string[] = []
  const { memberId } = fixture.join().answer
  const protocols = [protocol('range')]
  const request = {
    groupId: 'g',
    memberId,
    instanceId: undefined,
    clientId: '',
    clientHost: '',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols,
    needsKnownMemberId: true,
    canSkipAssignment: false,
  }
  fixture.coordinator.join(request, ({ generation }) => {
    seen.push(`joined ${generation}`)
    const assignments = [{ memberId, assignment: Buffer.from('all') }]
    const { groupId, instanceId } = request
    fixture.coordinator.sync(
      {
        groupId,
        memberId,
        instanceId,
        generation,
        protocolType: undefined,
        protocolName: undefined,
        assignments,
      },
      ({ assignment }) => seen.push(`synced ${assignment.toString()}`),
    )
  })
  fixture.clock.advance(delayMs)
  assert.deepEqual(seen, ['joined 1', 'synced all'])
  // The sync came after the join was through, so it is not owed any more.
  for (let ms = 0; ms < rebalanceMs; ms += 5000) {
    assert.equal(fixture.heartbeat(memberId), undefined)
    fixture.clock.advance(5000)
  }
  assert.equal(fixture.state(), 'Stable')
})
