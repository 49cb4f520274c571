import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { messageWith } from '../../../test/support/message-with.ts'
import {
  type FieldEntry,
  FieldTable,
  type FieldValue,
  emptyTable,
} from '../../record/message/field-table.ts'
import type { Binding, QueueLike, Target } from './binding.ts'
import { Exchange } from './exchange.ts'
import { HeadersMatcher } from './headers-matcher.ts'

const source = new Exchange<QueueLike>(
  {
    name: 'x',
    type: 'headers',
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: emptyTable,
  },
  new HeadersMatcher<QueueLike>(),
)

function text(value: string): FieldValue {
  return { type: 'longstr', value }
}

function table(entries: Readonly<Record<string, FieldValue>>): FieldTable {
  return FieldTable.from(Object.entries(entries))
}

function bind(args: FieldTable, id = 0): Binding<QueueLike> {
  const queue = { name: `q${id}`, id, isDurable: true, type: 'classic' }
  const target: Target<QueueLike> = { kind: 'queue', queue, bindings: undefined }
  return { key: queue.name, source, target, routingKey: '', arguments: args }
}

function matchedBy(
  matcher: HeadersMatcher<QueueLike>,
  headers: FieldTable | undefined,
): Set<Target<QueueLike>> {
  const matched = new Set<Target<QueueLike>>()
  matcher.match(messageWith([''], headers), matched)
  return matched
}

function matches(args: FieldTable, headers: FieldTable | undefined): boolean {
  const matcher = new HeadersMatcher<QueueLike>()
  matcher.add(bind(args))
  return matchedBy(matcher, headers).size === 1
}

/** The definition, one argument at a time, for the values used below. */
function matchesNaively(args: FieldTable, headers: FieldTable): boolean {
  const mode = args.findText('x-match') ?? 'all'
  const relevant = args.entries.filter(
    ({ name }) => name !== 'x-match' && (mode.endsWith('-with-x') || !name.startsWith('x-')),
  )
  const holds = ({ name, value: argument }: FieldEntry): boolean => {
    const header = headers.get(name)
    if (!header) return false
    return argument.type === 'void' || argument.value === header.value
  }
  return mode.startsWith('any') ? relevant.some(holds) : relevant.every(holds)
}

const value: fc.Arbitrary<FieldValue> = fc.constantFrom<FieldValue>(
  text('1'),
  { type: 'long', value: 1 },
  { type: 'byte', value: 1 },
  { type: 'bool', value: true },
  { type: 'void', value: null },
)
const headers = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'x-d'), value, { maxKeys: 4 })
  .map(table)
const bindingArguments = fc
  .tuple(headers, fc.constantFrom('all', 'any', 'all-with-x', 'any-with-x', undefined))
  .map(([args, mode]) => (mode ? args.with('x-match', text(mode)) : args))

describe('HeadersMatcher', () => {
  test('bytes that are no text equal the same bytes only', () => {
    const bytes = (...values: number[]): FieldTable =>
      FieldTable.from([['a', { type: 'longstr', value: Buffer.from(values) }]])
    assert.ok(matches(bytes(0xfe), bytes(0xfe)))
    assert.ok(!matches(bytes(0xfe), bytes(0xff)))
    assert.ok(matches(FieldTable.from([['a', text('t')]]), bytes(0x74)))
  })

  test('all needs every header, any needs one', () => {
    const both = { a: text('1'), b: text('2') }
    assert.ok(matches(table(both), table({ ...both, c: text('3') })))
    assert.ok(!matches(table(both), table({ a: text('1') })))
    const any = table({ ...both, 'x-match': text('any') })
    assert.ok(matches(any, table({ b: text('2') })))
    assert.ok(!matches(any, table({ b: text('1') })))
  })

  test('without conditions all matches everything and any nothing', () => {
    assert.ok(matches(emptyTable, undefined))
    assert.ok(!matches(table({ 'x-match': text('any') }), table({ a: text('1') })))
  })

  test('only the modes with x compare headers that start with x-', () => {
    const args = { 'x-a': text('1') }
    assert.ok(matches(table({ ...args, 'x-match': text('all') }), undefined))
    assert.ok(!matches(table({ ...args, 'x-match': text('all-with-x') }), undefined))
    assert.ok(!matches(table({ ...args, 'x-match': text('any') }), table(args)))
    assert.ok(matches(table({ ...args, 'x-match': text('any-with-x') }), table(args)))
  })

  test('the width of an integer does not matter, its kind does', () => {
    const one = table({ a: { type: 'long', value: 1 } })
    assert.ok(matches(one, table({ a: { type: 'unsignedbyte', value: 1 } })))
    assert.ok(matches(one, table({ a: { type: 'long', value: 1n } })))
    assert.ok(!matches(one, table({ a: text('1') })))
    assert.ok(!matches(one, table({ a: { type: 'double', value: 1 } })))
  })

  test('an argument without a value asks for presence', () => {
    assert.ok(matches(table({ a: { type: 'void', value: null } }), table({ a: text('x') })))
    assert.ok(!matches(table({ a: text('x') }), table({ a: { type: 'void', value: null } })))
  })

  test('check() refuses another x-match', () => {
    const matcher = new HeadersMatcher<QueueLike>()
    assert.throws(() => matcher.check(bind(table({ 'x-match': text('some') }))), {
      code: 'precondition_failed',
      message:
        'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
    })
    assert.throws(() => matcher.check(bind(table({ 'x-match': { type: 'long', value: 1 } }))), {
      message: 'Invalid x-match field type long (value 1); expected longstr',
    })
  })

  test('agrees with the definition while bindings come and go', () => {
    fc.assert(
      fc.property(
        fc.array(bindingArguments, { maxLength: 10, size: 'max' }),
        fc.array(fc.nat(), { maxLength: 5, size: 'max' }),
        headers,
        (all, removals, headers) => {
          const matcher = new HeadersMatcher<QueueLike>()
          let bindings = all.map((args, id) => bind(args, id))
          for (const binding of bindings) matcher.add(binding)
          for (const removal of removals) {
            const removed = bindings[removal % bindings.length]
            if (removed) matcher.remove(removed)
            bindings = bindings.filter((binding) => binding !== removed)
          }
          const expected = bindings.filter((binding) => matchesNaively(binding.arguments, headers))
          assert.deepEqual(
            matchedBy(matcher, headers),
            new Set(expected.map((binding) => binding.target)),
          )
        },
      ),
      { numRuns: 2000 },
    )
  })
})
