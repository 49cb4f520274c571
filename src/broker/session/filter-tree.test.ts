import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Random } from '../../lib/random.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { FilterTree } from './filter-tree.ts'
import { matchesTopic, parseTopicFilter } from './topic-filter.ts'
import { TopicTree } from './topic-tree.ts'

const levels = ['a', 'b', '', '$x', 'a.b']

function drawTopic(random: Random): string {
  const count = 1 + random.below(4)
  return Array.from({ length: count }, () => levels[random.below(levels.length)]).join('/') || 'a'
}

function drawFilter(random: Random): string {
  const parts = drawTopic(random)
    .split('/')
    .map((level) => (random.below(3) === 0 ? '+' : level))
  if (random.below(3) === 0) parts.push('#')
  return random.below(20) === 0 ? '#' : parts.join('/') || '+'
}

describe('a topic filter', () => {
  const cases: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
    ['a/b', 'a/b', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['+', '/a', false],
    ['/+', '/a', true],
    ['+/+', '/a', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/b', 'a/B', false],
    ['a', '/a', false],
  ]
  for (const [filter, topic, matches] of cases) {
    it(`${filter} ${matches ? 'has' : 'has not'} ${topic} [MQTT-4.7]`, () => {
      assert.equal(matchesTopic(filter, topic), matches)
    })
  }

  it('is refused where wildcards are no whole levels, or a share has no name [MQTT-4.7.1-2, -4.8.2-1]', () => {
    const wrong = [
      '',
      'a#',
      '#/a',
      'a+/b',
      'a/#/b',
      '$share/g',
      '$share//a',
      '$share/g+/a',
      '$share/g/',
    ]
    for (const text of [...wrong, 'a\0']) assert.equal(parseTopicFilter(text), undefined, text)
    assert.deepEqual(parseTopicFilter('$share/g/a/+'), {
      text: '$share/g/a/+',
      filter: 'a/+',
      share: 'g',
    })
  })
})

describe('trees of filters and of topics', () => {
  it('find what a look at each finds, whatever came and went', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 200; round++) {
      const tree = new FilterTree<{ readonly filter: string }>()
      const topics = new TopicTree<number>()
      const entries = new Set<{ readonly filter: string }>()
      const known = new Set<string>()
      for (let step = 0; step < 30; step++) {
        const entry = { filter: drawFilter(random) }
        entries.add(entry)
        tree.add(entry.filter, entry)
        const topic = drawTopic(random)
        known.add(topic)
        topics.set(topic, step)
        if (random.below(3) > 0) continue
        const [gone] = entries
        if (gone !== undefined) tree.remove(gone.filter, gone)
        entries.delete(gone as never)
        const [left] = known
        topics.delete(left as string)
        known.delete(left as string)
      }
      const topic = drawTopic(random)
      const found = new Set<object>()
      tree.match(topic, (entry) => found.add(entry))
      assert.deepEqual(
        found,
        new Set([...entries].filter(({ filter }) => matchesTopic(filter, topic))),
      )
      assert.equal(tree.size, entries.size)
      const filter = drawFilter(random)
      const fitting = [...known].filter((each) => matchesTopic(filter, each))
      assert.deepEqual(
        Array.from(topics.match(filter), ([name]) => name).toSorted(),
        fitting.toSorted(),
      )
      assert.equal(topics.size, known.size)
    }
  })

  it('are empty when all has gone', () => {
    const tree = new FilterTree<object>()
    const entry = {}
    for (const filter of ['a/b/c', 'a/+', '#']) tree.add(filter, entry)
    for (const filter of ['a/b/c', 'a/+', '#', 'never']) tree.remove(filter, entry)
    assert.equal(tree.size, 0)
    tree.match('a/b/c', () => assert.fail('nothing is there'))
  })
})
