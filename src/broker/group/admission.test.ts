import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GroupFixture, place } from '../../../test/support/group-fixture.ts'

describe('groups while memory is nearly used up', () => {
  test('take no new group and no new member, who may come again', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1)
    fixture.admission.isOpen = false
    assert.equal(fixture.join({ groupId: 'other' }).answer.error, 'coordinator_not_available')
    assert.equal(fixture.state('other'), undefined)
    assert.equal(fixture.join().answer.error, 'coordinator_not_available')
    fixture.admission.isOpen = true
    assert.equal(fixture.join().answer.error, 'member_id_required')
  })

  test('go on with the members and offsets that they have', () => {
    const fixture = new GroupFixture()
    const [memberId = ''] = fixture.stableGroup(1)
    const asMember = { memberId, generation: 1 }
    assert.equal(fixture.commitAlone(5, asMember), undefined)
    fixture.admission.isOpen = false
    assert.equal(fixture.heartbeat(memberId), undefined)
    assert.equal(fixture.commitAlone(6, asMember), undefined)
    assert.equal(fixture.committed(), 6)
    const unknown = fixture.commit([place('users', 0, 1)], asMember)
    assert.deepEqual(unknown.answer, ['coordinator_not_available'])
    const simple = fixture.commit([place('orders', 0, 1)], { groupId: 'other' })
    assert.deepEqual(simple.answer, ['coordinator_not_available'])
    assert.equal(fixture.state('other'), undefined)
  })
  test('take new members, and no new offsets, while only declarations are refused', () => {
    const fixture = new GroupFixture()
    const [memberId = ''] = fixture.stableGroup(1)
    fixture.admission.isOpenToDeclarations = false
    assert.equal(fixture.join().answer.error, 'member_id_required')
    const unknown = fixture.commit([place('users', 0, 1)], { memberId, generation: 1 })
    assert.deepEqual(unknown.answer, ['coordinator_not_available'])
  })
})
