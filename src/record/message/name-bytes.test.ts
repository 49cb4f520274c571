import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfName, nameFromBytes } from './name-bytes.ts'

test('any bytes are a name that becomes the same bytes', () => {
  const octet = fc.constantFrom(0x2e, 0x41, 0x80, 0xbd, 0xbf, 0xc3, 0xdc, 0xed, 0xef, 0xff)
  const anyBytes = fc.oneof(fc.uint8Array(), fc.array(octet, { maxLength: 4 }))
  fc.assert(
    fc.property(anyBytes, fc.nat(3), (octets, start) => {
      const bytes = Buffer.concat([Buffer.alloc(start), Buffer.from(octets), Buffer.alloc(2)])
      const name = nameFromBytes(bytes, start, start + octets.length)
      assert.deepEqual(Buffer.from(bytesOfName(name)), Buffer.from(octets))
    }),
  )
})

test('text is a name as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(bytesOfName(text), text)
      assert.equal(nameFromBytes(Buffer.from(text)), text)
    }),
  )
})

test('what no bytes stand for is left to those who write text', () => {
  for (const text of ['\ud800', '\ud83d\udc80\udcff', 'ü\udc80'])
    assert.equal(bytesOfName(text), text)
})
