import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  delayMs,
  GroupFixture,
  protocol,
  rebalanceMs,
  sessionMs,
} from '../../../test/support/group-fixture.ts'
import { groupLimits } from '../../limits/group.ts'
import type { GroupErrorCode } from './group-error.ts'
import type { JoinRequest } from './join-group.ts'
import { subscribedTopics } from './subscribed-topics.ts'

const refusals: readonly {
  readonly name: string
  readonly request: Partial<JoinRequest>
  readonly error: GroupErrorCode
}[] = [
  { name: 'an empty group id', request: { groupId: '' }, error: 'invalid_group_id' },
  {
    name: 'a session shorter than allowed',
    request: { sessionTimeoutMs: 5999 },
    error: 'invalid_session_timeout',
  },
  {
    name: 'a session longer than allowed',
    request: { sessionTimeoutMs: 1_800_001 },
    error: 'invalid_session_timeout',
  },
  { name: 'no protocol', request: { protocols: [] }, error: 'inconsistent_group_protocol' },
  {
    name: 'an empty protocol type',
    request: { protocolType: '' },
    error: 'inconsistent_group_protocol',
  },
  {
    name: 'a member id in a group that does not exist',
    request: { memberId: 'm' },
    error: 'unknown_member_id',
  },
]

describe('join', () => {
  for (const { name, request, error } of refusals) {
    test(`refuses ${name}`, () => {
      const { answer } = new GroupFixture().join(request)
      assert.equal(answer.error, error)
      assert.equal(answer.generation, -1)
      assert.equal(answer.memberId, request.memberId ?? '')
    })
  }

  test('gives a new member an id to join again with', () => {
    const { answer } = new GroupFixture().join()
    assert.equal(answer.error, 'member_id_required')
    assert.match(answer.memberId, /^client-[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-/)
  })

  test('takes a member in at once when its client knows no two steps', () => {
    const fixture = new GroupFixture()
    const joined = fixture.join({ needsKnownMemberId: false })
    assert.equal(joined.isWaiting, true)
    fixture.clock.advance(delayMs)
    assert.equal(joined.answer.generation, 1)
    assert.equal(joined.answer.leaderId, joined.answer.memberId)
  })

  test('does not know an id whose second step took longer than the session', () => {
    const fixture = new GroupFixture()
    const { memberId } = fixture.join().answer
    fixture.clock.advance(sessionMs)
    assert.equal(fixture.join({ memberId }).answer.error, 'unknown_member_id')
  })

  test('tells the leader of everyone and the others of nobody', () => {
    const fixture = new GroupFixture()
    const first = fixture.joinTwice({ protocols: [protocol('range', 'orders')] })
    const second = fixture.joinTwice({ protocols: [protocol('range', 'users')] })
    fixture.clock.advance(delayMs * 2)
    assert.deepEqual(
      first.joined.answer.members.map(({ memberId, metadata }) => [
        memberId,
        subscribedTopics(metadata),
      ]),
      [
        [first.id, ['orders']],
        [second.id, ['users']],
      ],
    )
    assert.equal(second.joined.answer.leaderId, first.id)
    assert.equal(second.joined.answer.members.length, 0)
    assert.equal(second.joined.answer.protocolType, 'consumer')
    assert.equal(second.joined.answer.protocolName, 'range')
  })

  test('keeps copies: the bytes of the request may be used again', () => {
    const fixture = new GroupFixture()
    const metadata = Buffer.from('orders')
    const { joined } = fixture.joinTwice({ protocols: [{ name: 'range', metadata }] })
    metadata.fill('x')
    fixture.clock.advance(delayMs)
    assert.equal(joined.answer.members[0]?.metadata.toString(), 'orders')
  })

  describe('the vote for a protocol', () => {
    const range = protocol('range')
    const sticky = protocol('sticky')
    const robin = protocol('roundrobin')
    const votes = [
      { name: 'the only common one', offers: [[range, sticky], [sticky]], want: 'sticky' },
      {
        name: 'the one most members want',
        offers: [
          [range, sticky],
          [sticky, range],
          [sticky, range],
        ],
        want: 'sticky',
      },
      {
        name: 'the elder member wants, when tied',
        offers: [
          [range, sticky],
          [sticky, range],
        ],
        want: 'range',
      },
      {
        name: 'the second choice, when the first is not common',
        offers: [[range, sticky], [robin, sticky], [sticky]],
        want: 'sticky',
      },
    ]
    for (const { name, offers, want } of votes) {
      test(`elects ${name}`, () => {
        const fixture = new GroupFixture()
        const joins = offers.map((protocols) => fixture.joinTwice({ protocols }))
        fixture.clock.advance(delayMs * 2)
        for (const { joined } of joins) assert.equal(joined.answer.protocolName, want)
      })
    }

    test('refuses a member with nothing in common', () => {
      const fixture = new GroupFixture()
      fixture.stableGroup(1, { protocols: [range] })
      assert.equal(fixture.join({ protocols: [robin] }).answer.error, 'inconsistent_group_protocol')
    })

    test('refuses a member of another protocol type', () => {
      const fixture = new GroupFixture()
      fixture.stableGroup(1)
      assert.equal(
        fixture.join({ protocolType: 'connect' }).answer.error,
        'inconsistent_group_protocol',
      )
    })

    test('an empty group may change its protocol type', () => {
      const fixture = new GroupFixture()
      const [id] = fixture.stableGroup(1)
      fixture.coordinator.leave('g', [{ memberId: id!, instanceId: undefined }])
      const { joined } = fixture.joinTwice({ protocolType: 'connect', protocols: [robin] })
      fixture.clock.advance(delayMs)
      assert.equal(joined.answer.protocolType, 'connect')
      assert.equal(joined.answer.generation, 3)
    })

    test('a protocol offered twice counts once', () => {
      const fixture = new GroupFixture()
      const one = fixture.joinTwice({ protocols: [range, protocol('range', 'users')] })
      const other = fixture.joinTwice({ protocols: [sticky, range] })
      fixture.clock.advance(delayMs * 2)
      assert.equal(other.joined.answer.protocolName, 'range')
      assert.deepEqual(one.joined.answer.members[0]?.metadata, range.metadata)
    })
  })

  describe('the first rebalance of an empty group', () => {
    test('waits the initial delay', () => {
      const fixture = new GroupFixture()
      const { joined } = fixture.joinTwice()
      fixture.clock.advance(delayMs - 1)
      assert.equal(joined.isWaiting, true)
      assert.equal(fixture.state(), 'PreparingRebalance')
      fixture.clock.advance(1)
      assert.equal(joined.answer.error, undefined)
    })

    test('waits once more for each delay in which a member came', () => {
      const fixture = new GroupFixture()
      const first = fixture.joinTwice()
      fixture.clock.advance(delayMs - 1)
      const second = fixture.joinTwice()
      fixture.clock.advance(delayMs)
      assert.equal(first.joined.isWaiting, true)
      fixture.clock.advance(1)
      assert.equal(first.joined.answer.generation, 1)
      assert.equal(second.joined.answer.generation, 1)
    })

    test('waits no longer than the rebalance timeout, however many come', () => {
      const fixture = new GroupFixture()
      const { joined } = fixture.joinTwice({ rebalanceTimeoutMs: 1000 })
      for (let ms = 0; ms < 1000; ms += 100) {
        assert.equal(joined.isWaiting, true)
        fixture.clock.advance(100)
        fixture.joinTwice({ rebalanceTimeoutMs: 1000 })
      }
      assert.equal(joined.answer.generation, 1)
    })

    test('takes the session for a rebalance timeout that was not said', () => {
      const fixture = new GroupFixture()
      const first = fixture.joinTwice({ rebalanceTimeoutMs: -1 })
      for (let ms = 0; ms < sessionMs; ms += 200) {
        assert.equal(first.joined.isWaiting, true)
        fixture.clock.advance(200)
        fixture.joinTwice({ rebalanceTimeoutMs: -1 })
      }
      assert.equal(first.joined.isWaiting, false)
    })

    test('comes out empty when everyone has left meanwhile', () => {
      const fixture = new GroupFixture()
      const { id, joined } = fixture.joinTwice()
      fixture.coordinator.leave('g', [{ memberId: id, instanceId: undefined }])
      assert.equal(joined.answer.error, 'unknown_member_id')
      fixture.clock.advance(delayMs)
      assert.equal(fixture.state(), 'Empty')
    })
  })

  describe('in a stable group', () => {
    test('a new member starts a rebalance that ends when all have come', () => {
      const fixture = new GroupFixture()
      const [leader, other] = fixture.stableGroup(2)
      const third = fixture.joinTwice()
      assert.equal(fixture.state(), 'PreparingRebalance')
      assert.equal(fixture.heartbeat(leader!), 'rebalance_in_progress')
      const first = fixture.join({ memberId: leader! })
      assert.equal(third.joined.isWaiting, true)
      const second = fixture.join({ memberId: other! })
      for (const { answer } of [first, second, third.joined]) {
        assert.equal(answer.generation, 2)
        assert.equal(answer.leaderId, leader)
      }
      assert.equal(fixture.state(), 'CompletingRebalance')
    })

    test('the leader that joins again starts a rebalance', () => {
      const fixture = new GroupFixture()
      const [leader, other] = fixture.stableGroup(2)
      assert.equal(fixture.join({ memberId: leader! }).isWaiting, true)
      assert.equal(fixture.heartbeat(other!), 'rebalance_in_progress')
    })

    test('a follower that joins again unchanged is told the generation, without a rebalance', () => {
      const fixture = new GroupFixture()
      const [leader, other] = fixture.stableGroup(2)
      const { answer } = fixture.join({ memberId: other! })
      assert.equal(answer.error, undefined)
      assert.equal(answer.generation, 1)
      assert.equal(answer.leaderId, leader)
      assert.equal(answer.members.length, 0)
      assert.equal(fixture.state(), 'Stable')
    })

    test('a follower with other metadata starts a rebalance', () => {
      const fixture = new GroupFixture()
      const [, other] = fixture.stableGroup(2)
      const joined = fixture.join({ memberId: other!, protocols: [protocol('range', 'users')] })
      assert.equal(joined.isWaiting, true)
      assert.equal(fixture.state(), 'PreparingRebalance')
    })

    test('a cooperative member joins again at once and the next generation starts without delay', () => {
      const fixture = new GroupFixture()
      const ids = fixture.stableGroup(2, { protocols: [protocol('cooperative-sticky', 'owns 1')] })
      const protocols = [protocol('cooperative-sticky', 'owns 2')]
      const joins = ids.map((memberId) => fixture.join({ memberId, protocols }))
      for (const { answer } of joins) assert.equal(answer.generation, 2)
      fixture.syncAll(ids, 2)
      const again = ids.map((memberId) => fixture.join({ memberId, protocols }))
      for (const { answer } of again) assert.equal(answer.generation, 3)
      assert.equal(fixture.state(), 'CompletingRebalance')
    })

    test('a pending member holds the rebalance up until its session ends', () => {
      const fixture = new GroupFixture()
      const [leader] = fixture.stableGroup(1)
      fixture.join()
      const joined = fixture.join({ memberId: leader! })
      assert.equal(joined.isWaiting, true)
      fixture.clock.advance(sessionMs)
      assert.equal(joined.answer.generation, 2)
    })
  })

  describe('while the group waits for the assignment', () => {
    test('a member whose answer was lost gets it again', () => {
      const fixture = new GroupFixture()
      const first = fixture.joinTwice()
      fixture.clock.advance(delayMs)
      const { answer } = fixture.join({ memberId: first.id })
      assert.deepEqual(answer, first.joined.answer)
      assert.equal(answer.members.length, 1)
    })

    test('a member with other metadata starts a rebalance and waiting syncs are refused', () => {
      const fixture = new GroupFixture()
      const leader = fixture.joinTwice()
      const other = fixture.joinTwice()
      fixture.clock.advance(delayMs * 2)
      const synced = fixture.sync(other.id)
      fixture.join({ memberId: leader.id, protocols: [protocol('range', 'users')] })
      assert.equal(synced.answer.error, 'rebalance_in_progress')
      assert.equal(fixture.state(), 'PreparingRebalance')
    })

    test('a new member starts a rebalance', () => {
      const fixture = new GroupFixture()
      fixture.joinTwice()
      fixture.clock.advance(delayMs)
      fixture.joinTwice()
      assert.equal(fixture.state(), 'PreparingRebalance')
    })
  })

  test('a join that is sent again while it waits: the first is told to come again', () => {
    const fixture = new GroupFixture()
    const { id, joined } = fixture.joinTwice()
    const again = fixture.join({ memberId: id })
    assert.equal(joined.answer.error, 'rebalance_in_progress')
    fixture.clock.advance(delayMs)
    assert.equal(again.answer.generation, 1)
  })

  describe('limits', () => {
    test('a full group takes no more members', () => {
      const fixture = new GroupFixture({ config: { membersMax: 2 } })
      fixture.stableGroup(2)
      const { answer } = fixture.join()
      assert.equal(answer.error, 'group_max_size_reached')
      assert.equal(answer.memberId, '')
      assert.equal(fixture.state(), 'Stable')
    })

    test('a rebalance lets in who comes first, and members that are in may come again', () => {
      const fixture = new GroupFixture({ config: { membersMax: 2 } })
      const { id: memberId } = fixture.joinTwice()
      fixture.joinTwice()
      assert.equal(fixture.join().answer.error, 'group_max_size_reached')
      assert.equal(fixture.join({ memberId }).isWaiting, true)
    })

    test('a member with more metadata than a group may hold is turned away', () => {
      const fixture = new GroupFixture()
      const metadata = Buffer.alloc(groupLimits.groupStateSizeMax + 1)
      const { answer } = fixture.join({ protocols: [{ name: 'range', metadata }] })
      assert.equal(answer.error, 'group_max_size_reached')
    })

    test('ids that are never used are bounded', () => {
      const fixture = new GroupFixture()
      for (let count = 0; count < groupLimits.groupPendingMembersMax; count++) fixture.join()
      assert.equal(fixture.join().answer.error, 'group_max_size_reached')
      fixture.clock.advance(sessionMs)
      assert.equal(fixture.join().answer.error, 'member_id_required')
    })
  })

  test('a join of a new member waits five minutes, then it has to come again', () => {
    const fixture = new GroupFixture()
    fixture.stableGroup(1, { rebalanceTimeoutMs: 600_000, sessionTimeoutMs: 1_800_000 })
    const { joined } = fixture.joinTwice({ rebalanceTimeoutMs: rebalanceMs })
    fixture.clock.advance(groupLimits.groupNewMemberJoinMs - 1)
    assert.equal(joined.isWaiting, true)
    fixture.clock.advance(1)
    assert.equal(joined.answer.error, 'unknown_member_id')
    assert.equal(joined.answer.memberId, '')
  })
})
