import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { finishAtOnce } from '../../../lib/slices.ts'
import { type Assignment, countOf, holds, noPartitions } from './assignment.ts'
import type { AssignmentAsked, Subscriber } from './assignor.ts'
import { assignRanges } from './range-assignor.ts'
import { assignUniformly } from './uniform-assignor.ts'

function subscriber(
  memberId: string,
  topicIds: readonly string[],
  target: Assignment = noPartitions,
  instanceId?: string,
): Subscriber {
  return { memberId, instanceId, topicIds, target }
}

function counts(of: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(of))
}

/** Each partition that somebody reads is with exactly one reader of its topic. */
function checkComplete(
  { subscribers, partitionCounts }: AssignmentAsked,
  given: Assignment[],
): void {
  for (const [topicId, count] of partitionCounts) {
    const readers = subscribers.flatMap(({ topicIds }, at) =>
      topicIds.includes(topicId) ? [at] : [],
    )
    for (let partition = 0; partition < count; partition++) {
      const owners = given.flatMap((each, at) => (holds(each, topicId, partition) ? [at] : []))
      if (readers.length === 0) assert.deepEqual(owners, [])
      else {
        assert.equal(owners.length, 1, `${topicId} ${partition}`)
        assert.ok(readers.includes(owners[0]!))
      }
    }
  }
}

const topicIds = ['a', 'b', 'c']
const asked: fc.Arbitrary<AssignmentAsked> = fc
  .record({
    partitionCounts: fc.record({ a: fc.nat(12), b: fc.nat(12), c: fc.nat(12) }),
    subscriptions: fc.array(fc.subarray(topicIds), { minLength: 1, maxLength: 6 }),
    before: fc.array(fc.dictionary(fc.constantFrom(...topicIds), fc.uniqueArray(fc.nat(13))), {
      minLength: 6,
      maxLength: 6,
    }),
  })
  .map(({ partitionCounts, subscriptions, before }) => ({
    partitionCounts: counts(partitionCounts),
    subscribers: subscriptions.map((each, at) => {
      const target = new Map(
        Object.entries(before[at] ?? {}).map(([id, list]) => [id, list.sort((x, y) => x - y)]),
      )
      return subscriber(`m${at}`, each, target)
    }),
  }))

describe('assignors', () => {
  for (const [name, assign] of Object.entries({ assignUniformly, assignRanges })) {
    it(`${name} gives each partition to one reader of its topic`, () => {
      fc.assert(
        fc.property(asked, (each) => checkComplete(each, finishAtOnce(assign(each)))),
        { numRuns: 100 },
      )
    })
  }

  it('uniform gives everyone as many where all read the same, and keeps what may stay', () => {
    fc.assert(
      fc.property(asked, ({ subscribers, partitionCounts }) => {
        const alike = subscribers.map((each) => ({ ...each, topicIds }))
        const given = finishAtOnce(assignUniformly({ subscribers: alike, partitionCounts }))
        const sizes = given.map(countOf)
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join())
        const again = alike.map((each, at) => ({ ...each, target: given[at]! }))
        assert.deepEqual(
          finishAtOnce(assignUniformly({ subscribers: again, partitionCounts })),
          given,
        )
      }),
      { numRuns: 100 },
    )
  })

  it('uniform moves no more than a new member gets', () => {
    const partitionCounts = counts({ a: 7, b: 5 })
    const two = [subscriber('x', ['a', 'b']), subscriber('y', ['a', 'b'])]
    const before = finishAtOnce(assignUniformly({ subscribers: two, partitionCounts }))
    const three = [
      ...two.map((each, at) => ({ ...each, target: before[at]! })),
      subscriber('z', ['a', 'b']),
    ]
    const after = finishAtOnce(assignUniformly({ subscribers: three, partitionCounts }))
    assert.deepEqual(after.map(countOf), [4, 4, 4])
    for (const at of [0, 1]) {
      for (const [topicId, partitions] of after[at]!) {
        assert.ok(partitions.every((partition) => holds(before[at]!, topicId, partition)))
      }
    }
  })

  it('uniform gives who can have only one topic more of it', () => {
    const subscribers = [subscriber('x', ['a', 'b']), subscriber('y', ['b'])]
    const given = finishAtOnce(
      assignUniformly({ subscribers, partitionCounts: counts({ a: 4, b: 4 }) }),
    )
    assert.deepEqual(given.map(countOf), [4, 4])
    assert.deepEqual(given[1], new Map([['b', [0, 1, 2, 3]]]))
  })

  it('range gives neighbours, the same of each topic, static members first', () => {
    const subscribers = [
      subscriber('1', ['a', 'b']),
      subscriber('2', ['a', 'b'], noPartitions, 'i'),
      subscriber('0', ['a']),
    ]
    const given = finishAtOnce(
      assignRanges({ subscribers, partitionCounts: counts({ a: 7, b: 3 }) }),
    )
    assert.deepEqual(given, [
      new Map([
        ['a', [5, 6]],
        ['b', [2]],
      ]),
      new Map([
        ['a', [0, 1, 2]],
        ['b', [0, 1]],
      ]),
      new Map([['a', [3, 4]]]),
    ])
  })
})
