import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { compileWildcard, escapeWildcard } from './wildcard.ts'

// The cases of RabbitMQ's wildcard_match_SUITE, and those where a name has what is looked for twice.
const cases: readonly [name: string, pattern: string, fits: boolean][] = [
  ['value', 'value', true],
  ['with / special % characters', 'with%20%2F%20special%20%25%20characters', true],
  ['with  plus  spaces', 'with++plus++spaces', true],
  ['with  spaces', 'with  spaces', true],
  ['and * encoded', 'and+%2a+encoded', true],
  ['and more * encoded', 'and+%2A+encoded', false],
  ['casesensitive', 'CaseSensitive', false],
  ['foo', 'fo', false],
  ['foo', 'fooo', false],
  ['an unescaped % character', 'an unescaped % character', false],
  ['a * is fit by a wildcard', 'a * is fit by a wildcard', true],
  ['a * and more is fit by a wildcard', 'a * is fit by a wildcard', true],
  ['foo', '*oo', true],
  ['foo', '*foo', true],
  ['foo', '*', true],
  ['', '*', true],
  ['', '', true],
  ['foo', '', false],
  ['line * with * characters', '*+characters', true],
  ['line * with * characters', '*with+%2A+characters', true],
  ['foo', '*r', false],
  ['foo', '*foobar', false],
  ['foo', 'fo*', true],
  ['foo', 'foo*', true],
  ['foo', 'foo**', true],
  ['line * with * characters', 'line+%2a*', true],
  ['foo', 'b*', false],
  ['foo', 'barfoo*', false],
  ['string', '*str*ing*', true],
  ['str*ing', '*str*ing*', true],
  ['some long string', 'some*string', true],
  ['some long string', 'some*long*string', true],
  ['some long string', '*some*string*', true],
  ['some long string', '*+*+*', true],
  ['some string', '*+*+*', false],
  ['some long string', 'some*other*string', false],
  ['some long string', 's*e*str*', true],
  ['some long string', 's*z*str*', false],
  ['string', '*some*string*', false],
  ['app-a-log-b-log', 'app-*-log', true],
  ['app', 'app*app', false],
  ['ab', 'a*b*b', false],
]

describe('compileWildcard', () => {
  for (const [name, pattern, fits] of cases) {
    it(`${pattern} ${fits ? 'fits' : 'does not fit'} '${name}'`, () => {
      assert.equal(compileWildcard(pattern)(name), fits)
    })
  }

  it('fits what a pattern was made of, and no other name where all of it is escaped', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '*', '/', '%', '+', 'ю', '.') })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.array(word), word, (parts, more, other) => {
        const pattern = parts.map(escapeWildcard).join('*')
        const filled = parts.reduce((name, part, at) => `${name}${more[at] ?? ''}${part}`)
        assert.ok(compileWildcard(pattern)(filled))
        const [whole = ''] = parts
        assert.equal(compileWildcard(escapeWildcard(whole))(other), whole === other)
      }),
    )
  })

  it('takes any pattern', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (pattern, name) => {
        assert.equal(typeof compileWildcard(pattern)(name), 'boolean')
      }),
    )
  })
})
