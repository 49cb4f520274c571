import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { messageWith } from '../../../test/support/message-with.ts'
import { emptyTable, FieldTable, table } from '../../record/message/field-table.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { type Binding, bindingKey, type QueueLike, type Target } from './binding.ts'
import { createMatcher } from './create-matcher.ts'
import { Exchange } from './exchange.ts'
import type { Matcher } from './matcher.ts'
import type { RoutedMessage } from './routed-message.ts'

type TestMatcher = Matcher<QueueLike>

const messageCount = 20_000

function newMatcher(type: string, args: FieldTable = emptyTable): TestMatcher {
  return createMatcher<QueueLike>(type, { arguments: args, random: seededRandom(7) })
}

const source = new Exchange<QueueLike>(
  {
    name: 'x',
    type: 'fanout',
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: emptyTable,
  },
  newMatcher('fanout'),
)

function queueTarget(name: string, type = 'classic'): Target<QueueLike> {
  return { kind: 'queue', queue: { name, id: 0, isDurable: true, type }, bindings: undefined }
}

function bindingTo(target: Target<QueueLike>, routingKey: string): Binding<QueueLike> {
  const key = bindingKey(target, routingKey, emptyTable)
  return { key, source, target, routingKey, arguments: emptyTable }
}

function bind(matcher: TestMatcher, queue: string, routingKey: string): Binding<QueueLike> {
  const binding = bindingTo(queueTarget(queue), routingKey)
  matcher.check(binding)
  matcher.add(binding)
  return binding
}

/** The one queue that a message goes to; undefined for none. */
function chosen(matcher: TestMatcher, message: RoutedMessage): string | undefined {
  const matched = new Set<Target<QueueLike>>()
  const isMatched = matcher.match(message, matched)
  assert.equal(isMatched, matched.size === 1)
  for (const target of matched) if (target.kind === 'queue') return target.queue.name
  return undefined
}

function choices(matcher: TestMatcher): (string | undefined)[] {
  return Array.from({ length: messageCount }, (_, index) =>
    chosen(matcher, messageWith([`order-${index}`])),
  )
}

/** How many of `choices` are each queue. */
function tally(names: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name ?? 'none'] = (counts[name ?? 'none'] ?? 0) + 1
  return counts
}

/** Within five standard deviations of its share. */
function assertShare(count: number | undefined, share: number): void {
  const expected = messageCount * share
  const tolerance = 5 * Math.sqrt(expected * (1 - share))
  assert.ok(Math.abs((count ?? 0) - expected) < tolerance, `${count} instead of ${expected}`)
}

describe('x-consistent-hash', () => {
  test('without bindings nothing matches', () => {
    assert.equal(chosen(newMatcher('x-consistent-hash'), messageWith(['a'])), undefined)
  })

  test('queues get messages by their weight, and a key always goes the same way', () => {
    const matcher = newMatcher('x-consistent-hash')
    for (const [queue, weight] of Object.entries({ a: '1', b: '2', c: '7' })) {
      bind(matcher, queue, weight)
    }
    const first = choices(matcher)
    const counts = tally(first)
    assertShare(counts['a'], 0.1)
    assertShare(counts['b'], 0.2)
    assertShare(counts['c'], 0.7)
    assert.deepEqual(choices(matcher), first)
  })

  test('the order of bindings does not matter, so a restart moves no key', () => {
    const [forth, back] = [newMatcher('x-consistent-hash'), newMatcher('x-consistent-hash')]
    const queues = ['a', 'b', 'c', 'd']
    for (const queue of queues) bind(forth, queue, '1')
    for (const queue of queues.toReversed()) bind(back, queue, '1')
    assert.deepEqual(choices(forth), choices(back))
  })

  test('a queue that goes moves only its own keys, and gets them back when it comes again', () => {
    const matcher = newMatcher('x-consistent-hash')
    for (const queue of ['a', 'b', 'c']) bind(matcher, queue, '3')
    const before = choices(matcher)
    const gone = bindingTo(queueTarget('d'), '3')
    matcher.add(gone)
    const withIt = choices(matcher)
    const moved = withIt.filter((queue, index) => queue !== before[index])
    assert.deepEqual(new Set(moved), new Set(['d']))
    assertShare(moved.length, 0.25)
    matcher.remove(gone)
    assert.deepEqual(choices(matcher), before)
  })

  test('a second binding to the same queue counts when the first one goes', () => {
    const matcher = newMatcher('x-consistent-hash')
    const target = queueTarget('a')
    const [first, second] = [bindingTo(target, '1'), bindingTo(target, '9')]
    bind(matcher, 'b', '1')
    matcher.add(first)
    matcher.add(second)
    assertShare(tally(choices(matcher))['a'], 0.5)
    matcher.remove(first)
    assertShare(tally(choices(matcher))['a'], 0.9)
    matcher.remove(second)
    assert.equal(tally(choices(matcher))['a'], undefined)
  })

  test('of several routing keys the first counts', () => {
    const matcher = newMatcher('x-consistent-hash')
    for (const queue of ['a', 'b', 'c', 'd']) bind(matcher, queue, '1')
    for (let index = 0; index < 50; index++) {
      const key = `key-${index}`
      assert.equal(
        chosen(matcher, messageWith([key, 'other'])),
        chosen(matcher, messageWith([key])),
      )
    }
  })

  test('hashes a header or a property instead, and what is missing goes one way', () => {
    const byHeader = newMatcher('x-consistent-hash', table({ 'hash-header': 'tenant' }))
    const byProperty = (name: string): TestMatcher =>
      newMatcher('x-consistent-hash', table({ 'hash-property': name }))
    const cases: [TestMatcher, (index: number) => RoutedMessage][] = [
      [byHeader, (index) => messageWith(['k'], table({ tenant: `t${index}` }))],
      [
        byProperty('message_id'),
        (index) => messageWith(['k'], undefined, { messageId: `m${index}` }),
      ],
      [
        byProperty('correlation_id'),
        (index) => messageWith(['k'], undefined, { correlationId: `c${index}` }),
      ],
      [byProperty('timestamp'), (index) => messageWith(['k'], undefined, { timestamp: index })],
    ]
    for (const [matcher, message] of cases) {
      assert.equal(matcher.isPerMessage, true)
      for (const queue of ['a', 'b', 'c']) bind(matcher, queue, '1')
      const used = new Set(Array.from({ length: 100 }, (_, i) => chosen(matcher, message(i))))
      assert.deepEqual(used, new Set(['a', 'b', 'c']))
      const without = new Set(['j', 'k', 'l'].map((key) => chosen(matcher, messageWith([key]))))
      assert.equal(without.size, 1)
    }
  })

  test('depends on the address alone when it hashes the routing key', () => {
    assert.equal(newMatcher('x-consistent-hash').isPerMessage, false)
  })

  for (const [key, message] of [
    ['many', 'The binding key must be an integer: <<"many">>'],
    ['', 'The binding key must be an integer: <<"">>'],
    ['0', 'The binding key must be greater than 0'],
    ['-1', 'The binding key must be greater than 0'],
    ['10001', 'The binding key must not exceed 10000'],
  ] as const) {
    test(`refuses the weight '${key}'`, () => {
      const code = 'precondition_failed'
      assert.throws(() => bind(newMatcher('x-consistent-hash'), 'a', key), { code, message })
    })
  }

  test('refuses a property that it does not hash, and to hash two things', () => {
    const code = 'precondition_failed'
    assert.throws(() => newMatcher('x-consistent-hash', table({ 'hash-property': 'app_id' })), {
      code,
      message: 'Unsupported property: app_id',
    })
    const both = table({ 'hash-header': 'h', 'hash-property': 'message_id' })
    assert.throws(() => newMatcher('x-consistent-hash', both), {
      code,
      message: 'hash-header and hash-property are mutually exclusive',
    })
    const number = FieldTable.from([['hash-header', { type: 'signedint', value: 1 }]])
    assert.throws(() => newMatcher('x-consistent-hash', number), { code })
  })
})

describe('x-random', () => {
  test('all bindings get their share, whatever their keys are', () => {
    const matcher = newMatcher('x-random')
    assert.equal(chosen(matcher, messageWith(['a'])), undefined)
    for (const queue of ['a', 'b', 'c', 'd']) bind(matcher, queue, `key of ${queue}`)
    const counts = tally(choices(matcher))
    for (const queue of ['a', 'b', 'c', 'd']) assertShare(counts[queue], 0.25)
    assert.equal(matcher.isPerMessage, true)
  })

  test('a binding that is gone gets nothing, wherever it stood', () => {
    const matcher = newMatcher('x-random')
    const bindings = ['a', 'b', 'c', 'd'].map((queue) => bind(matcher, queue, ''))
    matcher.remove(bindings[1]!)
    matcher.remove(bindings[3]!)
    const counts = tally(choices(matcher))
    assert.deepEqual(Object.keys(counts).toSorted(), ['a', 'c'])
    assertShare(counts['a'], 0.5)
    matcher.remove(bindings[0]!)
    matcher.remove(bindings[2]!)
    assert.equal(chosen(matcher, messageWith(['a'])), undefined)
  })
})

describe('x-local-random', () => {
  test('spreads over its queues', () => {
    const matcher = newMatcher('x-local-random')
    for (const queue of ['a', 'b']) bind(matcher, queue, '')
    const counts = tally(choices(matcher))
    assertShare(counts['a'], 0.5)
    assertShare(counts['b'], 0.5)
  })

  test('takes only classic queues, without a key', () => {
    const matcher = newMatcher('x-local-random')
    const code = 'precondition_failed'
    const exchange: Target<QueueLike> = {
      kind: 'exchange',
      exchange: source,
      bindings: undefined,
    }
    for (const [binding, message] of [
      [bindingTo(queueTarget('q'), 'k'), "Non empty binding 'k' key not permitted"],
      [
        bindingTo(queueTarget('q', 'quorum'), ''),
        'Queue type rabbit_quorum_queue not valid for this exchange type',
      ],
      [bindingTo(exchange, ''), 'Destination not found'],
    ] as const) {
      assert.throws(() => matcher.check(binding), { code, message })
    }
  })
})

describe('x-modulus-hash', () => {
  test('spreads routing keys evenly, and always in the same way', () => {
    const matcher = newMatcher('x-modulus-hash')
    assert.equal(chosen(matcher, messageWith(['a'])), undefined)
    for (const queue of ['a', 'b', 'c', 'd', 'e']) bind(matcher, queue, '')
    const first = choices(matcher)
    const counts = tally(first)
    for (const queue of ['a', 'b', 'c', 'd', 'e']) assertShare(counts[queue], 0.2)
    assert.deepEqual(choices(matcher), first)
  })

  test('the order in which bindings came does not matter', () => {
    const [forth, back] = [newMatcher('x-modulus-hash'), newMatcher('x-modulus-hash')]
    const queues = ['a', 'b', 'c', 'd', 'e']
    for (const queue of queues) bind(forth, queue, '')
    const later = queues.toReversed().map((queue) => bind(back, queue, ''))
    assert.deepEqual(choices(forth), choices(back))
    back.remove(later[2]!)
    assert.deepEqual(Object.keys(tally(choices(back))).toSorted(), ['a', 'b', 'd', 'e'])
  })
})
