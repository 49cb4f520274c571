import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchesTopic } from './topic-filter.ts'
import { TopicTree } from './topic-tree.ts'

const topics = fc
  .array(fc.constantFrom('a', 'b', '', '$s'), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))

const changes = fc.array(fc.record({ topic: topics, isSet: fc.boolean() }), { maxLength: 40 })

test('a tree is a map, and each level counts what is in it and below', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const tree = new TopicTree<number>()
      const model = new Map<string, number>()
      for (const [index, { topic, isSet }] of all.entries()) {
        const before = model.get(topic)
        if (isSet) {
          assert.equal(tree.set(topic, index), before)
          model.set(topic, index)
        } else {
          assert.equal(tree.delete(topic), before)
          model.delete(topic)
        }
      }
      assert.equal(tree.size, model.size)
      expectLevel(tree, model, undefined)
      const found = new Map(tree.match('#'))
      const expected = [...model].filter(([topic]) => matchesTopic('#', topic))
      assert.deepEqual([...found].toSorted(byTopic), expected.toSorted(byTopic))
    }),
  )
})

test('a search that finds nothing stops now and then, so that others can go on', () => {
  const tree = new TopicTree<number>()
  for (let index = 0; index < 10_000; index++) tree.set(`a/${index}/b`, index)
  const found = [...tree.search('+/+/none')]
  assert.ok(found.length >= 30, `${found.length} stops`)
  assert.ok(found.every((each) => each === undefined))
  assert.equal([...tree.match('+/+/b')].length, 10_000)
})

function expectLevel(
  tree: TopicTree<number>,
  model: ReadonlyMap<string, number>,
  parent: string | undefined,
): void {
  const start = parent === undefined ? '' : `${parent}/`
  const isBelow = (topic: string): boolean => parent === undefined || topic.startsWith(start)
  const names = [...model.keys()].filter(isBelow).map((topic) => topic.slice(start.length))
  const expected = new Set(names.map((rest) => rest.split('/')[0] as string))
  const branches = [...tree.branchesOf(parent)]
  assert.deepEqual(branches.map(({ name }) => name).toSorted(), [...expected].toSorted())
  for (const { name, topic, value, count } of branches) {
    assert.equal(topic, start + name)
    assert.equal(value, model.get(topic))
    const own = [...model.keys()].filter((key) => key === topic || key.startsWith(`${topic}/`))
    assert.equal(count, own.length)
    expectLevel(tree, model, topic)
  }
}

function byTopic([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : Number(a > b)
}
