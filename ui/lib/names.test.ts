// Names survive the way through a URL, whatever they hold.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apiPath, decodeName, encodeName, query } from './names.ts'

test('a name of any characters and raw bytes comes back', () => {
  const rawByte = fc.integer({ min: 0xdc80, max: 0xdcff }).map((code) => String.fromCharCode(code))
  const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(fc.oneof(character, rawByte)), (parts) => {
      const name = parts.join('').toWellFormed()
      assert.equal(decodeName(encodeName(name)), name)
    }),
  )
  fc.assert(
    // Two raw bytes side by side may be a character together; between others they are not.
    fc.property(fc.array(rawByte), (bytes) => {
      const name = `a${bytes.join('a')}a`
      assert.equal(decodeName(encodeName(name)), name)
    }),
  )
})

test('bytes that are no UTF-8 are percent-encoded as they are', () => {
  assert.equal(encodeName('a\udcffb'), 'a%FFb')
  assert.equal(decodeName('a%FFb'), 'a\udcffb')
})

test('a path and its query are readable where they can be', () => {
  assert.equal(apiPath`/v1/streams/${'/'}/${'a b'}`, '/v1/streams/%2F/a%20b')
  assert.equal(query({ vhost: '/', name: 'a&b', page: 2, text: '' }), '?vhost=/&name=a%26b&page=2')
})

test('a percent sign that begins no byte stands for itself', () => {
  assert.equal(decodeName('100%'), '100%')
})
