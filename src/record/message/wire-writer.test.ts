import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeContentHeader, encodeContentHeader } from './content-header.ts'
import { bytesOfText, nameFromBytes, sizeOfName } from './name-bytes.ts'
import { WireReader } from './wire-reader.ts'
import { fitShortstr, WireWriter } from './wire-writer.ts'

test('fitShortstr() leaves what fits and cuts the rest between characters', () => {
  assert.equal(fitShortstr('x'.repeat(255)), 'x'.repeat(255))
  assert.equal(fitShortstr('x'.repeat(256)), `${'x'.repeat(252)}...`)
  assert.equal(fitShortstr('é'.repeat(128)), `${'é'.repeat(126)}...`)
  assert.equal(fitShortstr(`a${'€'.repeat(90)}`), `a${'€'.repeat(83)}...`)
  // Bytes that are not UTF-8.
  assert.equal(fitShortstr('\udcff'.repeat(255)), '\udcff'.repeat(255))
  assert.equal(fitShortstr('\udcff'.repeat(256)), `${'\udcff'.repeat(252)}...`)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 60, maxLength: 300 }), (text) => {
      assert.ok(Buffer.byteLength(fitShortstr(text)) <= 255)
    }),
  )
})

test('elementary values survive a round trip', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.string({ unit: 'binary', maxLength: 60 }), (number, text) => {
      const buffer = Buffer.alloc(600)
      const writer = new WireWriter()
      writer.reset(buffer, 1)
      writer.longlong(number)
      writer.shortstr(text)
      writer.longstr(text)
      const reader = new WireReader()
      reader.reset(buffer, 1, writer.position)
      assert.equal(reader.longlong(), number)
      assert.equal(reader.shortstr(), text)
      assert.equal(reader.longstr().toString(), text)
      reader.expectEnd()
    }),
  )
})

test('a range outside of the buffer is an error of the program', () => {
  const reader = new WireReader()
  assert.throws(() => reader.reset(Buffer.alloc(3), 0, 4), RangeError)
  assert.throws(() => reader.reset(Buffer.alloc(3), 2, 1), RangeError)
  assert.throws(() => reader.reset(Buffer.alloc(3), -1, 1), RangeError)
})

test('a name that is no UTF-8 becomes the same bytes again, and counts as many', () => {
  const names = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(names, names, (bytes, others) => {
      const name = nameFromBytes(bytes)
      assert.equal(sizeOfName(name), bytes.length)
      const target = Buffer.alloc(256)
      const writer = new WireWriter()
      writer.reset(target, 0)
      writer.shortstr(name)
      assert.deepEqual(target.subarray(0, writer.position), Buffer.from([bytes.length, ...bytes]))
      const both = Buffer.from(bytesOfText(`${name}:${nameFromBytes(others)}`) as string)
      assert.deepEqual(both, Buffer.concat([bytes, Buffer.from(':'), others]))
      const header = encodeContentHeader(0, { type: name })
      const read = decodeContentHeader(header, 0, header.length)
      assert.equal(read.properties.type, name)
    }),
  )
})
