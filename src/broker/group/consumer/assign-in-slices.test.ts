// Large assignments are made in slices, while members come, go and change what they read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerActor } from '../../../../test/support/consumer-actor.ts'
import { GroupFixture, place } from '../../../../test/support/group-fixture.ts'
import type { ConsumerGroupDescription } from '../group-description.ts'

const topicNames = Array.from({ length: 100 }, (_, index) => `topic-${index}`)
const memberCount = 220

/** Time passes, and so many slices of work are done. */
async function slices(fixture: GroupFixture, count: number): Promise<void> {
  for (let slice = 0; slice < count; slice++) {
    fixture.clock.advance(1)
    await Promise.resolve()
  }
}

function describe(fixture: GroupFixture): ConsumerGroupDescription {
  const found = fixture.coordinator.describeConsumerGroup('g')
  assert.ok(found !== undefined)
  return found
}

/** No partition is with two members; returns how many are with one. */
function countAssigned(fixture: GroupFixture): number {
  const holders = new Map<string, string>()
  for (const { memberId, assigned } of describe(fixture).members) {
    for (const { topicId, partitions } of assigned) {
      for (const partition of partitions) {
        const what = `${topicId} ${partition}`
        assert.equal(holders.get(what) ?? memberId, memberId, `${what} is with two members`)
        holders.set(what, memberId)
      }
    }
  }
  return holders.size
}

async function settle(fixture: GroupFixture, actors: readonly ConsumerActor[]): Promise<void> {
  for (let round = 0; round < 60; round++) {
    for (const actor of actors) actor.step(fixture)
    await slices(fixture, 1500)
    const { state, members } = describe(fixture)
    assert.ok(countAssigned(fixture) <= topicNames.length * 10)
    if (state === 'Stable' && members.length === actors.length) return
  }
  assert.fail(`never settled: ${describe(fixture).state}`)
}

test('a large group is assigned in slices, and every partition has one reader in the end', async () => {
  const fixture = new GroupFixture({ topics: new Set(topicNames), isSliced: true })
  fixture.commit([place('topic-0', 0, 1)])
  const actors = Array.from({ length: memberCount }, (_, index) => {
    const actor = new ConsumerActor(`c${index}`, index % 2 === 0)
    actor.subscription = { topicNames, topicPattern: '' }
    return actor
  })
  for (const actor of actors) {
    actor.step(fixture)
    await slices(fixture, 1)
  }
  const { epoch, assignmentEpoch } = describe(fixture)
  assert.ok(assignmentEpoch < epoch, 'the last members do not wait for their assignment')
  // While one is being made, a static member comes back, others leave, and one reads less.
  actors[0]!.restart()
  actors[0]!.step(fixture)
  for (const gone of actors.splice(1, 3)) gone.leave(fixture, false)
  actors.at(-1)!.changeSubscription({ topicNames: ['topic-1'], topicPattern: '' })
  await settle(fixture, actors)
  assert.equal(countAssigned(fixture), topicNames.length * 10)
  assert.equal(describe(fixture).assignmentEpoch, describe(fixture).epoch)
})
