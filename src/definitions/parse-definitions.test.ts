import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { finishAtOnce } from '../lib/slices.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import type { Definitions } from './definitions.ts'
import { MalformedError } from './item-reader.ts'
import { parseDefinitions } from './parse-definitions.ts'
import { itemParsers } from './parse-items.ts'

function parse(file: unknown, vhost?: string): Definitions {
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  return finishAtOnce(parseDefinitions(text, vhost))
}

function problemOf(file: unknown): string {
  try {
    parse(file)
  } catch (error) {
    if (error instanceof MalformedError) return error.message
    throw error
  }
  return 'none'
}

/** How long it takes when nothing comes between, in ms. */
function shortest(work: () => void): number {
  const tries = Array.from({ length: 5 }, () => {
    const startedAt = performance.now()
    work()
    return performance.now() - startedAt
  })
  return Math.min(...tries)
}

const lists = Object.keys(itemParsers)
const queue = { vhost: '/', name: 'q' }

test('a file says where it is not what it should be', () => {
  const deep: unknown[] = []
  let inner = deep
  for (let depth = 0; depth < 40; depth++) inner.push((inner = []))
  for (const [file, problem] of [
    ['{', /^failed_to_parse_json: /],
    ['[]', /^these are no definitions: an object with lists such as vhosts, /],
    ['{"name":"pabal"}', /^these are no definitions/],
    [{ queues: {} }, /^queues should be a list$/],
    [{ queues: [queue, 5] }, /^queues\[1\] should be an object$/],
    [{ queues: [{ vhost: '/' }] }, /^queues\[0\] has no name$/],
    [{ queues: [{ vhost: '/', name: '' }] }, /^queues\[0\]\.name is empty$/],
    [
      { queues: [{ vhost: '/', name: '\r\n' }] },
      /^queues\[0\]\.name is empty but for line breaks$/,
    ],
    [{ queues: [{ name: 'q' }] }, /^queues\[0\] has no vhost: .* with --vhost$/],
    [
      { queues: [{ ...queue, name: 'ü'.repeat(128) }] },
      /^queues\[0\]\.name is longer than 255 bytes$/,
    ],
    [{ queues: [{ ...queue, name: '\ud800' }] }, /^queues\[0\]\.name has half a surrogate pair$/],
    [{ queues: [{ ...queue, durable: 'yes' }] }, /^queues\[0\]\.durable should be true or false$/],
    [{ queues: [{ ...queue, arguments: [1] }] }, /^queues\[0\]\.arguments should be an object$/],
    [{ queues: [{ ...queue, arguments: { a: deep } }] }, /^queues\[0\] has more than 32 tables/],
    [
      { queues: [{ ...queue, arguments: { a: 'x'.repeat(140_000) } }] },
      /^queues\[0\] is larger than/,
    ],
    [
      `{"queues":[{"vhost":"/","name":"q","arguments":{"a":18446744073709551616}}]}`,
      /^queues\[0\]\.arguments has a number that is too large: 18446744073709551616$/,
    ],
    [
      `{"queues":[{"vhost":"/","name":"q","arguments":{"a":1e999}}]}`,
      /^queues\[0\]\.arguments has a number that is too large$/,
    ],
    [
      { queues: [{ ...queue, arguments: { ['n'.repeat(256)]: 1 } }] },
      /^queues\[0\]\.arguments has a name of more/,
    ],
    [{ exchanges: [{ ...queue, name: 'x' }] }, /^exchanges\[0\] has no type$/],
    [
      { bindings: [{ vhost: '/', source: 'x', destination: 'q', destination_type: 'topic' }] },
      /^bindings\[0\]\.destination_type should be queue or exchange$/,
    ],
    [{ users: [{ name: 'u' }] }, /^users\[0\] has no tags$/],
    [
      { users: [{ name: 'u', tags: [{ toString: 1 }] }] },
      /^users\[0\]\.tags should be text or a list of texts$/,
    ],
    [
      { vhosts: [{ name: 'v', tags: [{ toString: 1 }] }] },
      /^vhosts\[0\]: tags must be text or a list of texts$/,
    ],
    [
      { users: [{ name: 'u', tags: '', limits: { 'max-channels': 'a' } }] },
      /^users\[0\]\.limits\.max-channels should be a whole number$/,
    ],
    [
      { permissions: [{ user: 'u', vhost: '/', configure: '' }] },
      /^permissions\[0\] has no write$/,
    ],
    [
      { permissions: [{ user: 'u', vhost: '/', configure: 5 }] },
      /^permissions\[0\]\.configure should be text$/,
    ],
    [
      { parameters: [{ vhost: '/', component: 'operator_policy', name: 'p', value: 5 }] },
      /^parameters\[0\]\.value should be an object$/,
    ],
    [{ users: [{ name: 'u', tags: ['\ud800'] }] }, /^users\[0\]\.tags has half a surrogate pair$/],
    [{ vhosts: [{ name: 'v', description: 5 }] }, /^vhosts\[0\]: description must be text$/],
  ] as const) {
    assert.match(problemOf(file), problem)
  }
})

test('no depth is too deep to say so', () => {
  const deep = (inner: string): string => '{"a":'.repeat(1e5) + inner + '}'.repeat(1e5)
  assert.match(problemOf(`{"queues":[${deep('5')}]}`), /^queues\[0\] has more than 32 tables/)
  assert.match(problemOf(`{"queues":[${deep('1.0')}]}`), /^failed_to_parse_json: .*too deep/)
  const [row] = parse(`{"queues":[],"metadata":${deep('5')}}`, '/').leftOut
  assert.equal(row?.name, 'metadata')
})

test('ten mistakes are told, and the number of the others', () => {
  const problem = problemOf({ queues: Array.from({ length: 14 }, () => 1) })
  assert.equal(problem.split('; ').length, definitionsLimits.problemsMax + 1)
  assert.match(problem, /; and 4 more$/)
})

test('an empty file, a byte order mark and empty lists are fine', () => {
  for (const file of ['', '{}', '\ufeff{"queues":[]}']) assert.deepEqual(parse(file).queues, [])
  const [read] = parse({ queues: [{ ...queue, arguments: [] }] }).queues
  assert.deepEqual(read?.arguments.entries, [])
})

test('lists of keys and values are objects, as RabbitMQ 3 writes some', () => {
  const limits = [['max-queues', 5]]
  const definition = [['expires', 1000]]
  const value = { pattern: '.*', definition, priority: 0, 'apply-to': 'all' }
  const parsed = parse({
    vhosts: [{ name: '/', limits, metadata: { description: '', tags: 'x,y' } }],
    parameters: [{ vhost: '/', component: 'operator_policy', name: 'o', value }],
  })
  assert.deepEqual(parsed.limits, new Map([['/', { 'max-queues': 5 }]]))
  assert.deepEqual(parsed.vhosts[0]?.metadata, { description: '', tags: ['x', 'y'] })
  assert.deepEqual(parsed.policies[0]?.definition, { expires: 1000 })
})

test('any JSON is read or refused with its place', () => {
  const names = fc.constantFrom('name', 'vhost', 'arguments', 'tags', 'limits', 'metadata', 'value')
  const item = fc.oneof(
    fc.dictionary(fc.oneof(names, fc.string()), fc.jsonValue()),
    fc.record({
      name: fc.string(),
      vhost: fc.string(),
      arguments: fc.jsonValue(),
      value: fc.jsonValue(),
    }),
    fc.jsonValue(),
  )
  const file = fc.oneof(
    fc.dictionary(fc.constantFrom(...lists, '__proto__'), fc.oneof(fc.array(item), fc.jsonValue())),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(file, fc.option(fc.string(), { nil: undefined }), (json, vhost) => {
      try {
        parse(JSON.stringify(json), vhost)
      } catch (error) {
        assert.ok(error instanceof MalformedError)
        const isPlaced = lists.some((list) => error.message.includes(list))
        assert.ok(isPlaced, error.message)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a file of nothing but mistakes is not read to its end', () => {
  const { problemsMax, problemsReadMax } = definitionsLimits
  const problem = (count: number): string => problemOf({ queues: Array(count).fill(1) })
  const more = problemsReadMax - problemsMax
  assert.match(problem(problemsReadMax - 1), new RegExp(`object; and ${more - 1} more$`))
  const ended = new RegExp(`object; and ${more} more, where reading ended$`)
  assert.match(problem(problemsReadMax), ended)
  assert.equal(problem(200_000), problem(problemsReadMax))
})

test('a number of a million digits takes no longer than other text', () => {
  const digits = '9'.repeat(1_000_000)
  const file = `{"queues":[{"vhost":"/","name":"q","arguments":{"a":[-${digits},${digits}]}}]}`
  const parsing = shortest(() => {
    assert.equal(problemOf(file), 'queues[0].arguments has a number that is too large')
  })
  assert.ok(parsing < shortest(() => BigInt(digits)))
})

test('names that every object of JavaScript knows are names', () => {
  const parameters = ['__proto__', 'constructor'].map((component) => {
    return { vhost: '/', component, name: component, value: 1 }
  })
  assert.deepEqual(
    parse({ parameters }).leftOut.map(({ reason }) => reason),
    parameters.map(({ component }) => `nothing of Pabal reads parameters of '${component}'`),
  )
})
