import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { escapeName, escapeValue, unescapeHeader } from './escapes.ts'
import { FrameError } from './frame-error.ts'
import { stompVersions } from './stomp-version.ts'

test('"Value Encoding": 1.2 has four escapes, 1.1 three and 1.0 none', () => {
  assert.equal(unescapeHeader('a\\nb\\cc\\\\d\\re', '1.2'), 'a\nb:c\\d\re')
  assert.equal(unescapeHeader('a\\nb\\cc\\\\d', '1.1'), 'a\nb:c\\d')
  assert.equal(unescapeHeader('a\\nb\\cc\\\\d\\t', '1.0'), 'a\\nb\\cc\\\\d\\t')
})

test('"Value Encoding": undefined escapes are fatal', () => {
  for (const [text, version] of [
    ['\\t', '1.2'],
    ['\\r', '1.1'],
    ['end\\', '1.2'],
    ['\\toString', '1.1'],
  ] as const) {
    assert.throws(() => unescapeHeader(text, version), FrameError)
  }
})

test('what is escaped is read as it was, by the versions that can say it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(unescapeHeader(escapeValue(text, '1.2'), '1.2'), text)
      assert.equal(unescapeHeader(escapeName(text, '1.2'), '1.2'), text)
      assert.equal(unescapeHeader(escapeValue(text, '1.1'), '1.1'), text)
    }),
  )
})

test('no line ends in a header, and no name in a colon of its own', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\n', '\r', ':', '\\', 'a', 'ü')).map((units) => units.join('')),
      fc.constantFrom(...stompVersions),
      (text, version) => {
        for (const written of [escapeName(text, version), escapeValue(text, version)]) {
          assert.doesNotMatch(written, /\n/)
        }
        assert.doesNotMatch(escapeName(text, version), /:/)
      },
    ),
  )
})
