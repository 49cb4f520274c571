import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patternLimits } from '../limits/pattern.ts'
import { compileNamePattern, PatternError } from './name-pattern.ts'

const cases: readonly [pattern: string, matching: readonly string[], others: readonly string[]][] =
  [
    ['', ['', 'anything'], []],
    ['^orders\\.', ['orders.eu'], ['orders', 'my.orders.eu']],
    ['b', ['abc', 'b'], ['ac']],
    ['^(?:a|b)$', ['a', 'b'], ['ab', 'c']],
    ['.*', ['', 'x'], []],
    // Patterns of RabbitMQ's own documentation.
    ['^(?!amq\\.).*', ['orders', ''], ['amq.topic']],
    ['^(?!(amq\\.)|(temp\\.)).*', ['orders', 'temporary'], ['amq.gen-1', 'temp.1']],
    ['^(?!amq\\.)(?=.*eu$)o', ['orders.eu'], ['amq.eu', 'orders.us', 'x.eu']],
    ['^(?![(]|\\)|\\Q)(\\E)a', ['a'], ['(a', ')a', 'b']],
    ['^(?![]x])a?', ['a', ''], [']', 'x']],
    ['^(?!a)(b|c)', ['b1', 'c'], ['a', 'd']],
    ['ü', ['Tür'], ['Tur']],
    // What stands for a name in topic permissions is no repeat.
    ['^{username}\\.', ['{username}.a'], ['username.a']],
    ['^(?!a){vhost}', ['{vhost}'], ['a{vhost}']],
  ]
for (const [pattern, matching, others] of cases) {
  test(`'${pattern}' is found where it is`, () => {
    const matches = compileNamePattern(pattern)
    for (const name of matching) assert.equal(matches(name), true, name)
    for (const name of others) assert.equal(matches(name), false, name)
  })
}

const refused: Record<string, RegExp> = {
  '(': /missing closing \)/,
  'a{2000}': /invalid repeat count/,
  '(a)\\1': /invalid escape sequence/,
  'x(?!a)': /unsupported Perl syntax/,
  '(?!a)': /unsupported Perl syntax/,
  '^(?!a': /unsupported Perl syntax/,
  '^(?!a)b|c': /put these in parentheses/,
  '^(?!a)*b': /cannot be repeated/,
  '^(?!a){2}b': /cannot be repeated/,
  '^(?!(b)x|)))': /unexpected \)/,
  ['(.{10}){99}'.repeat(90)]: /too large/,
  ['((x{9}){9}){9}'.repeat(70)]: /too large/,
  ['ü'.repeat(513)]: /more than 1024 bytes/,
}
for (const [pattern, reason] of Object.entries(refused)) {
  test(`'${pattern.slice(0, 20)}' is refused and said why`, () => {
    const isRight = (error: unknown): boolean =>
      error instanceof PatternError && reason.test(error.message)
    assert.throws(() => compileNamePattern(pattern), isRight)
  })
}

test('what PCRE has and RE2 has not is told as such', () => {
  const hint =
    "; RE2 has no lookbehinds and backreferences, and lookaheads only at the start: '^(?!a)b'"
  for (const pattern of ['x(?!a)', '(?<=a)b', '(?<!a)b', '(a)\\1', '(?>a)b']) {
    assert.throws(
      () => compileNamePattern(pattern),
      ({ message }: Error) => message.endsWith(hint),
    )
  }
  assert.throws(
    () => compileNamePattern('('),
    ({ message }: Error) => !message.includes('RE2'),
  )
})

test('a brace that repeats nothing is a brace', () => {
  for (const pattern of ['^{username}-', '^(?!x){username}-', '{username}-']) {
    const matches = compileNamePattern(pattern)
    assert.deepEqual(['{username}-a', 'username-a'].map(matches), [true, false], pattern)
  }
  assert.throws(() => compileNamePattern('^(?!x){2}'), /cannot be repeated/)
})

test('a list of names may be as long as a pattern may be', () => {
  const names = Array.from({ length: 60 }, (_, number) => `queue-number-${number}`)
  const matches = compileNamePattern(`^(${names.join('|')})$`)
  assert.ok(names.every(matches))
  assert.equal(matches('queue-number-60'), false)
})

test('what makes other engines try without end takes no time', () => {
  const name = `${'a'.repeat(patternLimits.sizeMax)}!`
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(.*a){20}$', '^(?!(a+)+$)b']) {
    assert.equal(compileNamePattern(pattern)(name), false, pattern)
  }
})
