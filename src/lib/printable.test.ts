import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printable } from './printable.ts'

test('printable() writes what moves the cursor in letters, and nothing else', () => {
  assert.equal(
    printable('\u001b[2J\n\u007f\u009b\u202e'),
    String.raw`\u001b[2J\n\u007f\u009b\u202e`,
  )
  const plain = String.raw`Queue 'a\n' \u{1f407} – ü`
  assert.equal(printable(plain), plain)
})

test('printable() leaves no control in any text, and does nothing to its own result', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = printable(text)
      assert.doesNotMatch(line, /\p{Cc}/u)
      assert.equal(printable(line), line)
    }),
  )
})

test('printable() keeps JSON the same JSON', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      assert.deepEqual(JSON.parse(printable(json)), JSON.parse(json))
    }),
  )
})
