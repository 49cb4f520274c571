import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Answered, GroupFixture, place } from '../../../test/support/group-fixture.ts'
import type { OffsetToCommit } from './commit-offsets.ts'
import type { GroupErrorCode } from './group-error.ts'
import type { TransactionalCommit } from './stage-offsets.ts'

const orders = { topic: 'orders', partition: 0 }

function stage(
  fixture: GroupFixture,
  offsets: readonly OffsetToCommit[],
  request: Partial<TransactionalCommit> = {},
): Answered<readonly (GroupErrorCode | undefined)[]> {
  const answered = new Answered<readonly (GroupErrorCode | undefined)[]>()
  const usual = { groupId: 'g', memberId: '', instanceId: undefined, generation: -1, producerId: 1 }
  fixture.coordinator.stageOffsets(
    { ...usual, knowsMissingGroup: false, ...request, offsets },
    answered.take,
  )
  return answered
}

/** To `orders` 0, and waits until it is durable. */
function stageAlone(
  fixture: GroupFixture,
  offset: number,
  request: Partial<TransactionalCommit> = {},
): GroupErrorCode | undefined {
  const answered = stage(fixture, [place('orders', 0, offset)], request)
  fixture.clock.endTurn()
  return answered.answer[0]
}

/** The atom that ends a transaction becomes durable. */
function end(fixture: GroupFixture, isCommit: boolean, producerId = 1): void {
  const settle = fixture.coordinator.endTransaction({ producerId, isCommit, groups: ['g'] })
  fixture.clock.endTurn()
  settle()
}

function isUnstable(fixture: GroupFixture): boolean {
  return fixture.coordinator.isUnstable('g', orders)
}

describe('offsets of a transaction', () => {
  test('show when it is committed, not before, and are unstable until then', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    assert.equal(stageAlone(fixture, 9), undefined)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [5, true])
    end(fixture, true)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [9, false])
    assert.equal(fixture.crash().committed(), 9)
  })

  test('never show when it is aborted', () => {
    const fixture = new GroupFixture()
    fixture.commitAlone(5)
    stageAlone(fixture, 9)
    end(fixture, false)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [5, false])
    assert.equal(fixture.crash().committed(), 5)
    assert.equal(fixture.store.rowCount, 1)
  })

  test('are answered when they are durable', () => {
    const fixture = new GroupFixture()
    fixture.store.isHeld = true
    const answered = stage(fixture, [place('orders', 0, 9)])
    fixture.clock.endTurn()
    assert.equal(answered.isWaiting, true)
    fixture.store.release()
    assert.deepEqual(answered.answer, [undefined])
  })

  test('are unstable until its end is durable: who takes over must not read what was before', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    const ended = { producerId: 1, isCommit: true, groups: ['g'] }
    const settle = fixture.coordinator.endTransaction(ended)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [undefined, true])
    fixture.clock.endTurn()
    settle()
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [9, false])
  })

  test('come back after a crash, and end once', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    const second = fixture.crash()
    assert.deepEqual([second.committed(), isUnstable(second)], [undefined, true])
    end(second, true)
    assert.equal(second.committed(), 9)
    second.commitAlone(20)
    end(second, true)
    assert.equal(second.committed(), 20)
    const third = second.crash()
    end(third, true)
    assert.equal(third.committed(), 20)
  })

  test('of a partition that is committed twice: the later one counts', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    stageAlone(fixture, 7)
    end(fixture, true)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [7, false])
  })

  test('of two transactions end each by itself', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9, { producerId: 1 })
    stageAlone(fixture, 7, { producerId: 2 })
    end(fixture, true, 1)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [9, true])
    end(fixture, false, 2)
    assert.deepEqual([fixture.committed(), isUnstable(fixture)], [9, false])
  })

  test('give way to a commit that came after them, as in Kafka', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    fixture.commitAlone(3)
    end(fixture, true)
    assert.equal(fixture.committed(), 3)
    assert.equal(fixture.crash().committed(), 3)
    assert.equal(fixture.store.rowCount, 1)
    stageAlone(fixture, 12)
    end(fixture, true)
    assert.equal(fixture.committed(), 12)
  })

  test('stay when a commit after them found no room', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    fixture.store.refusals = 1
    assert.equal(fixture.commitAlone(3), 'policy_violation')
    end(fixture, true)
    assert.equal(fixture.committed(), 9)
  })

  test('go with offsets that are deleted, with their topic and with their group', () => {
    const deletions = [
      (fixture: GroupFixture) => fixture.coordinator.deleteOffsets('g', [orders], () => undefined),
      (fixture: GroupFixture) => fixture.coordinator.deleteTopic('orders'),
      (fixture: GroupFixture) => fixture.coordinator.deleteGroup('g', () => undefined),
    ]
    for (const remove of deletions) {
      const fixture = new GroupFixture()
      stageAlone(fixture, 9)
      remove(fixture)
      fixture.clock.endTurn()
      end(fixture, true)
      assert.deepEqual([fixture.committed(), isUnstable(fixture)], [undefined, false])
      assert.equal(fixture.store.rowCount, 0)
    }
  })

  test('that end while their group is deleted do not outlive it', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    fixture.store.isHeld = true
    fixture.coordinator.deleteGroup('g', () => undefined)
    const settle = fixture.coordinator.endTransaction({
      producerId: 1,
      isCommit: true,
      groups: ['g'],
    })
    fixture.store.release()
    settle()
    assert.equal(fixture.store.rowCount, 0)
    assert.equal(fixture.crash().committed(), undefined)
  })

  test('keep an empty group from expiring', () => {
    const fixture = new GroupFixture()
    stageAlone(fixture, 9)
    fixture.clock.advance(30 * 24 * 60 * 60 * 1000)
    fixture.clock.endTurn()
    assert.equal(isUnstable(fixture), true)
    end(fixture, true)
    assert.equal(fixture.committed(), 9)
  })
})

describe('who may commit with a transaction', () => {
  test('a member of this generation, and whoever does not say which member it is', () => {
    const fixture = new GroupFixture()
    const [memberId = ''] = fixture.stableGroup(1)
    assert.equal(stageAlone(fixture, 1), undefined)
    assert.equal(stageAlone(fixture, 1, { memberId, generation: 1 }), undefined)
    assert.equal(stageAlone(fixture, 1, { memberId, generation: 0 }), 'illegal_generation')
    assert.equal(stageAlone(fixture, 1, { memberId: 'm', generation: 1 }), 'unknown_member_id')
  })

  test('a member also while the group rebalances', () => {
    const fixture = new GroupFixture()
    const [memberId = ''] = fixture.stableGroup(1)
    fixture.joinTwice()
    assert.equal(fixture.state(), 'PreparingRebalance')
    assert.equal(stageAlone(fixture, 1, { memberId, generation: 1 }), undefined)
  })

  test('nobody of a generation to a group that does not exist', () => {
    const fixture = new GroupFixture()
    assert.equal(stageAlone(fixture, 1, { memberId: 'm', generation: 1 }), 'illegal_generation')
  })

  test('nobody to a partition that does not exist, with too long a note, or without room', () => {
    const fixture = new GroupFixture()
    const offsets = [place('absent', 0, 1), place('orders', 1, 1, 'x'.repeat(5000))]
    const answered = stage(fixture, [...offsets, place('orders', 2, 1)])
    fixture.clock.endTurn()
    assert.deepEqual(answered.answer, [
      'unknown_topic_or_partition',
      'offset_metadata_too_large',
      undefined,
    ])
    fixture.store.refusals = 1
    assert.equal(stageAlone(fixture, 1), 'policy_violation')
    assert.equal(isUnstable(fixture), false)
    fixture.coordinator.limitMemory(0)
    assert.equal(stageAlone(fixture, 1), 'policy_violation')
  })
})
