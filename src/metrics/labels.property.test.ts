// Whatever a queue is called, its line can be read, and says what it is called.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readMetrics } from '../../test/support/read-metrics.ts'
import { nameFromBytes } from '../record/message/name-bytes.ts'
import { labelsOf } from './labels.ts'

const hostile = fc.constantFrom(
  '"',
  '\\',
  '\n',
  '\r',
  '\0',
  '}',
  '{',
  ',',
  '=',
  'é',
  '🐇',
  '\u2028',
  ' ',
)
const name = fc.oneof(
  fc.string({ unit: hostile, maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
)

test('labels are read as they were', () => {
  fc.assert(
    fc.property(name, name, (vhost, queue) => {
      const { samples } = readMetrics(`a{${labelsOf({ vhost, queue })}} 1\n`)
      assert.deepEqual(samples, [{ name: 'a', labels: { vhost, queue }, value: 1 }])
    }),
  )
})

test('names that are no UTF-8 are shown as bytes, in text that is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.string({ unit: 'binary' }), (bytes, text) => {
      const broken = `${text}\ud800`
      for (const value of [nameFromBytes(Buffer.from(bytes)), broken]) {
        const line = `a{${labelsOf({ value })}} 1\n`
        assert.ok(line.isWellFormed())
        assert.equal(readMetrics(line).samples.length, 1)
      }
    }),
  )
  const queue = nameFromBytes(Buffer.from([0x61, 0xe4, 0x5c]))
  assert.equal(labelsOf({ queue }), String.raw`queue="a\\xe4\\"`)
})
