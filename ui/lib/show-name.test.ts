// Names that one could not see are written out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainName } from './show-name.ts'

test('shows what a name holds', () => {
  assert.equal(plainName('orders'), 'orders')
  assert.equal(plainName(''), '⟨empty name⟩')
  assert.equal(plainName('a\u0000b'), 'a⟨␀⟩b')
  assert.equal(plainName('a\udcff'), 'a⟨FF⟩')
  assert.equal(plainName('\u202egpj.exe'), '⟨U+202E⟩gpj.exe')
  assert.equal(plainName(' x y '), '⟨␣⟩x y⟨␣⟩')
  assert.equal(plainName('注文🛒'), '注文🛒')
})
