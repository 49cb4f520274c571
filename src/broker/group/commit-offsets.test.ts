import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { delayMs, GroupFixture, place } from '../../../test/support/group-fixture.ts'
import { groupLimits } from '../../limits/group.ts'

const dayMs = 24 * 60 * 60 * 1000

describe('a commit', () => {
  test('is answered and shows when it is durable, not before', () => {
    const fixture = new GroupFixture()
    fixture.store.isHeld = true
    const answered = fixture.commit([place('orders', 0, 5)])
    fixture.clock.endTurn()
    assert.equal(answered.isWaiting, true)
    assert.equal(fixture.committed(), undefined)
    fixture.store.release()
    assert.deepEqual(answered.answer, [undefined])
    assert.equal(fixture.committed(), 5)
  })

  test('keeps what the client noted, and when', () => {
    const fixture = new GroupFixture()
    const offsets = [{ ...place('orders', 3, 7, 'note'), leaderEpoch: 4 }]
    fixture.commit(offsets)
    fixture.clock.endTurn()
    assert.deepEqual(fixture.coordinator.fetchAllOffsets('g'), [
      {
        topic: 'orders',
        partition: 3,
        committed: {
          offset: 7,
          leaderEpoch: 4,
          metadata: 'note',
          committedMs: fixture.clock.now(),
          expiresMs: undefined,
        },
      },
    ])
  })

  test('of several at once: the last one stands', () => {
    const fixture = new GroupFixture()
    fixture.store.isHeld = true
    const commits = [9, 3, 6].map((offset) => fixture.commit([place('orders', 0, offset)]))
    fixture.store.release()
    for (const { answer } of commits) assert.deepEqual(answer, [undefined])
    assert.equal(fixture.committed(), 6)
  })

  test('for which there is no room changes nothing', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    fixture.store.refusals = 1
    assert.equal(fixture.commitAlone(6), 'policy_violation')
    assert.equal(fixture.committed(), 5)
  })

  test('refuses partitions that do not exist, and takes the others', () => {
    const fixture = new GroupFixture()
    const answered = fixture.commit([
      place('nothing', 0, 1),
      place('orders', 0, 2),
      place('orders', 10, 3),
    ])
    fixture.clock.endTurn()
    assert.deepEqual(answered.answer, [
      'unknown_topic_or_partition',
      undefined,
      'unknown_topic_or_partition',
    ])
    assert.equal(fixture.committed(), 2)
  })

  test('only to partitions that do not exist makes no group', () => {
    const fixture = new GroupFixture()
    fixture.commit([place('nothing', 0, 1)])
    assert.equal(fixture.state(), undefined)
  })

  test('refuses a note that is too long, and takes the others', () => {
    const fixture = new GroupFixture()
    const answered = fixture.commit([
      place('orders', 0, 1, 'x'.repeat(4096)),
      place('orders', 1, 1, 'x'.repeat(4097)),
    ])
    fixture.clock.endTurn()
    assert.deepEqual(answered.answer, [undefined, 'offset_metadata_too_large'])
  })

  test('of more partitions than a group may have is refused for those', () => {
    const fixture = new GroupFixture()
    fixture.topics.clear()
    const offsets = Array.from({ length: groupLimits.groupOffsetsMax + 1 }, (_, index) =>
      place(`t${Math.floor(index / 10)}`, index % 10, 1),
    )
    for (const { topic } of offsets) fixture.topics.add(topic)
    const answered = fixture.commit(offsets)
    fixture.clock.endTurn()
    assert.equal(answered.answer.at(-2), undefined)
    assert.equal(answered.answer.at(-1), 'policy_violation')
  })

  describe('by who is no member', () => {
    test('makes a group that only stores offsets', () => {
      const fixture = new GroupFixture()
      assert.equal(fixture.commitAlone(1), undefined)
      assert.equal(fixture.state(), 'Empty')
    })

    test('is taken by an empty group and refused by one with members', () => {
      const fixture = new GroupFixture()
      const [id] = fixture.stableGroup(1)
      assert.equal(fixture.commitAlone(1), 'unknown_member_id')
      fixture.coordinator.leave('g', [{ memberId: id!, instanceId: undefined }])
      assert.equal(fixture.commitAlone(1), undefined)
    })
  })

  describe('by a member', () => {
    const cases = [
      {
        name: 'that is not in it',
        request: { memberId: 'm', generation: 1 },
        error: 'unknown_member_id',
      },
      { name: 'without a generation', request: { memberId: 'm' }, error: 'unknown_member_id' },
      { name: 'with a generation alone', request: { generation: 1 }, error: 'unknown_member_id' },
    ] as const
    for (const { name, request, error } of cases) {
      test(`${name} is refused`, () => {
        const fixture = new GroupFixture()
        fixture.stableGroup(1)
        assert.equal(fixture.commitAlone(1, request), error)
      })
    }

    test('of another generation is refused', () => {
      const fixture = new GroupFixture()
      const [memberId] = fixture.stableGroup(1)
      assert.equal(
        fixture.commitAlone(1, { memberId: memberId!, generation: 0 }),
        'illegal_generation',
      )
      assert.equal(fixture.commitAlone(1, { memberId: memberId! }), 'illegal_generation')
    })

    test('of a group that does not exist is refused as its client understands', () => {
      const fixture = new GroupFixture()
      const request = { memberId: 'm', generation: 1 }
      assert.equal(fixture.commitAlone(1, request), 'group_id_not_found')
      assert.equal(
        fixture.commitAlone(1, { ...request, knowsMissingGroup: false }),
        'illegal_generation',
      )
      assert.equal(fixture.state(), undefined)
    })

    test('is taken while a rebalance waits for joins', () => {
      const fixture = new GroupFixture()
      const [memberId] = fixture.stableGroup(1)
      fixture.joinTwice()
      assert.equal(fixture.state(), 'PreparingRebalance')
      assert.equal(fixture.commitAlone(8, { memberId: memberId!, generation: 1 }), undefined)
      assert.equal(fixture.committed(), 8)
    })

    test('is refused while the group waits for the assignment', () => {
      const fixture = new GroupFixture()
      const { id: memberId } = fixture.joinTwice()
      fixture.clock.advance(delayMs)
      assert.equal(fixture.commitAlone(1, { memberId, generation: 1 }), 'rebalance_in_progress')
    })
  })
})

describe('fetching offsets', () => {
  test('gives what was committed for the partition, and nothing where nothing was', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    assert.equal(fixture.committed('orders'), 5)
    const place = { topic: 'users', partition: 0 }
    const fetched = fixture.coordinator.fetchOffset('g', place)
    assert.deepEqual(fetched, { ...place, committed: undefined })
  })

  test('of a group that does not exist gives none', () => {
    const fixture = new GroupFixture()
    assert.deepEqual(fixture.coordinator.fetchAllOffsets('g'), [])
    assert.equal(fixture.committed(), undefined)
  })
})

describe('deleting offsets', () => {
  function deleteOffsets(fixture: GroupFixture, topic: string, partition = 0): string | undefined {
    let said: string | undefined = 'not answered'
    fixture.coordinator.deleteOffsets('g', [{ topic, partition }], ({ error, errors }) => {
      said = error ?? errors[0]
    })
    fixture.clock.endTurn()
    return said
  }

  test('of a group that does not exist is refused', () => {
    assert.equal(deleteOffsets(new GroupFixture(), 'orders'), 'group_id_not_found')
  })

  test('takes them, from the disk too', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    assert.equal(deleteOffsets(fixture, 'orders'), undefined)
    assert.equal(fixture.committed(), undefined)
    assert.equal(fixture.store.rowCount, 0)
  })

  test('that are not there succeeds', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    assert.equal(deleteOffsets(fixture, 'users'), undefined)
  })

  test('of a partition that does not exist is refused', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    assert.equal(deleteOffsets(fixture, 'nothing'), 'unknown_topic_or_partition')
  })

  test('of a topic that members read is refused, of others not', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1)
    assert.equal(deleteOffsets(fixture, 'orders'), 'group_subscribed_to_topic')
    assert.equal(deleteOffsets(fixture, 'users'), undefined)
  })

  test('is refused where it is not known what members read', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1, { protocols: [{ name: 'range', metadata: Buffer.from('?') }] })
    assert.equal(deleteOffsets(fixture, 'users'), 'group_subscribed_to_topic')
  })

  test('of a group with members of another kind is refused', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1, { protocolType: 'connect' })
    assert.equal(deleteOffsets(fixture, 'orders'), 'non_empty_group')
  })

  test('that cannot be stored leaves them', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    fixture.store.refusals = 1
    assert.equal(deleteOffsets(fixture, 'orders'), 'policy_violation')
    assert.equal(fixture.committed(), 5)
  })

  test('finds a commit on its way though one before it was refused', () => {
    const fixture = new GroupFixture()
    fixture.store.isHeld = true
    fixture.store.refusals = 1
    fixture.commit([place('orders', 0, 1)])
    fixture.commit([place('orders', 0, 2)])
    fixture.store.finishOne()
    fixture.coordinator.deleteTopic('orders')
    fixture.store.release()
    assert.equal(fixture.committed(), undefined)
    assert.equal(fixture.store.rowCount, 0)
  })

  test('a commit that follows stands, one on its way before goes', () => {
    const fixture = new GroupFixture()
    fixture.store.isHeld = true
    fixture.commit([place('orders', 0, 1), place('orders', 1, 1)])
    fixture.coordinator.deleteTopic('orders')
    fixture.commit([place('orders', 1, 2)])
    fixture.store.release()
    assert.equal(fixture.committed('orders', 0), undefined)
    assert.equal(fixture.committed('orders', 1), 2)
    assert.equal(fixture.store.rowCount, 1)
  })
})

test('deleting a topic takes its offsets in every group', () => {
  const fixture = new GroupFixture()
  for (const groupId of ['a', 'b']) {
    fixture.commit([place('orders', 0, 1), place('users', 0, 1)], { groupId })
  }
  fixture.clock.endTurn()
  fixture.coordinator.deleteTopic('orders')
  fixture.clock.endTurn()
  for (const groupId of ['a', 'b']) {
    assert.equal(fixture.committed('orders', 0, groupId), undefined)
    assert.equal(fixture.committed('users', 0, groupId), 1)
  }
  assert.equal(fixture.store.rowCount, 2)
})

describe('offsets expire', () => {
  const retentionMs = 7 * dayMs

  test('a week after the last commit, in a group that only stores offsets; it goes with them', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1)
    fixture.clock.advance(retentionMs - dayMs)
    fixture.commitAlone(2)
    fixture.clock.advance(retentionMs - 1)
    assert.equal(fixture.committed(), 2)
    fixture.clock.advance(20 * 60 * 1000)
    assert.equal(fixture.committed(), undefined)
    assert.equal(fixture.state(), undefined)
    assert.equal(fixture.store.rowCount, 0)
  })

  test('a week after the last member left, however old they are', () => {
    const fixture = new GroupFixture()
    const [memberId] = fixture.stableGroup(1, { sessionTimeoutMs: 1_800_000 })
    fixture.commitAlone(1, { memberId: memberId!, generation: 1 })
    for (let passed = 0; passed < retentionMs * 2; passed += 1_000_000) {
      fixture.clock.advance(1_000_000)
      assert.equal(fixture.heartbeat(memberId!), undefined)
    }
    assert.equal(fixture.committed(), 1)
    fixture.coordinator.leave('g', [{ memberId: memberId!, instanceId: undefined }])
    fixture.clock.advance(retentionMs - 1000)
    assert.equal(fixture.committed(), 1)
    fixture.clock.advance(20 * 60 * 1000)
    assert.equal(fixture.committed(), undefined)
    assert.equal(fixture.state(), undefined)
  })

  test('in a stable group only of topics that nobody reads any more', () => {
    const fixture = new GroupFixture({ config: { offsetsRetentionMs: 60_000 } })
    const [memberId] = fixture.stableGroup(1, { sessionTimeoutMs: 1_800_000 })
    fixture.commit([place('orders', 0, 1), place('users', 0, 1)], {
      memberId: memberId!,
      generation: 1,
    })
    fixture.clock.advance(1_200_000)
    assert.equal(fixture.committed('orders'), 1)
    assert.equal(fixture.committed('users'), undefined)
    assert.equal(fixture.state(), 'Stable')
  })

  test('not while another commit of the partition is on its way', () => {
    const fixture = new GroupFixture({ config: { offsetsRetentionMs: 60_000 } })
    fixture.commitAlone(1)
    fixture.clock.advance(120_000)
    fixture.store.isHeld = true
    fixture.commit([place('orders', 0, 2)])
    fixture.coordinator.expireOffsets()
    fixture.store.release()
    assert.equal(fixture.committed(), 2)
  })

  test('when the client said so itself', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(1, { retentionMs: 1000 })
    fixture.clock.advance(1000)
    fixture.coordinator.expireOffsets()
    fixture.clock.endTurn()
    assert.equal(fixture.committed(), undefined)
  })

  test('and a group that never stored any goes when it is empty, unless someone is joining', () => {
    const fixture = new GroupFixture()
    const [id] = fixture.stableGroup(1)
    fixture.coordinator.leave('g', [{ memberId: id!, instanceId: undefined }])
    const { memberId } = fixture.join().answer
    fixture.coordinator.expireOffsets()
    fixture.clock.endTurn()
    assert.equal(fixture.state(), 'Empty')
    fixture.coordinator.leave('g', [{ memberId, instanceId: undefined }])
    fixture.coordinator.expireOffsets()
    fixture.clock.endTurn()
    assert.equal(fixture.state(), undefined)
    assert.equal(fixture.store.rowCount, 0)
  })
})
