import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { messageWith } from '../../../test/support/message-with.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { type Binding, type QueueLike, type Target } from './binding.ts'
import { Exchange } from './exchange.ts'
import { TopicPatternMatcher } from './topic-pattern-matcher.ts'

const source = new Exchange<QueueLike>(
  {
    name: 'x',
    type: 'topic',
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: emptyTable,
  },
  new TopicPatternMatcher<QueueLike>(),
)

function bind(pattern: string, id = 0): Binding<QueueLike> {
  const queue = { name: `${pattern}-${id}`, id, isDurable: true, type: 'classic' }
  const target: Target<QueueLike> = { kind: 'queue', queue, bindings: undefined }
  return { key: queue.name, source, target, routingKey: pattern, arguments: emptyTable }
}

function matchedBy(
  matcher: TopicPatternMatcher<QueueLike>,
  ...keys: string[]
): Set<Target<QueueLike>> {
  const matched = new Set<Target<QueueLike>>()
  matcher.match(messageWith(keys), matched)
  return matched
}

function matches(pattern: string, key: string): boolean {
  const matcher = new TopicPatternMatcher<QueueLike>()
  matcher.add(bind(pattern))
  return matchedBy(matcher, key).size === 1
}

/** The definition, word by word. */
function matchesNaively(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') {
    return words.length === 0
      ? matchesNaively(rest, words)
      : matchesNaively(rest, words) || matchesNaively(pattern, words.slice(1))
  }
  return (
    words.length > 0 &&
    (first === '*' || first === words[0]) &&
    matchesNaively(rest, words.slice(1))
  )
}

const wordsOf = (key: string): string[] => (key === '' ? [] : key.split('.'))
const pattern = fc
  .array(fc.constantFrom('a', 'b', '*', '#', ''), { maxLength: 6, size: 'max' })
  .map((words) => words.join('.'))
const key = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 7, size: 'max' })
  .map((words) => words.join('.'))

describe('TopicPatternMatcher', () => {
  const cases: [pattern: string, key: string, expected: boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['#', '', true],
    ['#', 'a.b.c', true],
    ['*', '', false],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.c', false],
    ['a.#', 'a', true],
    ['a.#', 'a.b.c', true],
    ['#.a', 'b.a', true],
    ['#.a.#', 'a', true],
    ['#.*', '', false],
    ['#.#', '', true],
    ['a..b', 'a..b', true],
    ['a.*.b', 'a..b', true],
    ['a', 'a.', false],
    ['a*', 'ab', false],
    ['*', '#', true],
  ]
  for (const [pattern, key, expected] of cases) {
    test(`'${pattern}' ${expected ? 'matches' : 'does not match'} '${key}'`, () => {
      assert.equal(matches(pattern, key), expected)
    })
  }

  test('agrees with the definition while bindings come and go', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 12, size: 'max' }),
        fc.array(fc.nat(), { maxLength: 8, size: 'max' }),
        key,
        (patterns, removals, key) => {
          const matcher = new TopicPatternMatcher<QueueLike>()
          let bindings = patterns.map((text, id) => bind(text, id))
          for (const binding of bindings) matcher.add(binding)
          for (const removal of removals) {
            const removed = bindings[removal % bindings.length]
            if (removed) matcher.remove(removed)
            bindings = bindings.filter((binding) => binding !== removed)
          }
          const expected = bindings.filter(({ routingKey }) =>
            matchesNaively(wordsOf(routingKey), wordsOf(key)),
          )
          assert.deepEqual(
            new Set(matchedBy(matcher, key)),
            new Set(expected.map((binding) => binding.target)),
          )
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('several routing keys reach a target once', () => {
    const matcher = new TopicPatternMatcher<QueueLike>()
    matcher.add(bind('a.#'))
    assert.equal(matchedBy(matcher, 'a.b', 'a.c', 'd').size, 1)
  })

  test('many # in a pattern do not multiply the work', () => {
    const key = Array.from({ length: 120 }, () => 'a').join('.')
    assert.equal(matches('#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.b', key), false)
    assert.equal(matches('#.a.#.a.#.a.#.a.#.a.#.a.#.a.#', key), true)
  })

  test('stays fast with 100,000 bindings', () => {
    const matcher = new TopicPatternMatcher<QueueLike>()
    const bindings = Array.from({ length: 100_000 }, (_, i) => bind(`user.${i}.*.#`, i))
    for (const binding of bindings) matcher.add(binding)
    const started = performance.now()
    for (let i = 0; i < 10_000; i += 1) {
      assert.equal(matchedBy(matcher, `user.${i * 7}.created.eu.west`).size, 1)
    }
    // Asking every binding would take minutes.
    assert.ok(performance.now() - started < 10_000)
    for (const binding of bindings) matcher.remove(binding)
    assert.equal(matchedBy(matcher, 'user.7.created').size, 0)
  })
})
