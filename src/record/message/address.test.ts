import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { shortText } from '../../../test/support/amqp-arbitrary.ts'
import { addressSizeAt, decodeAddress, encodeAddress } from './address.ts'

test('an address is decoded to what was encoded, wherever it starts', () => {
  fc.assert(
    fc.property(shortText, shortText, fc.nat(9), (exchange, routingKey, start) => {
      const address = encodeAddress(exchange, routingKey)
      const bytes = Buffer.concat([Buffer.alloc(start, 7), address, Buffer.alloc(3, 9)])
      assert.deepEqual(decodeAddress(bytes, start), { exchange, routingKey })
      assert.equal(addressSizeAt(bytes, start, bytes.length), address.length)
    }),
  )
})

test('encodeAddress() refuses a name that one length byte cannot tell', () => {
  assert.equal(encodeAddress('', 'k'.repeat(255)).length, 257)
  assert.throws(() => encodeAddress('', 'k'.repeat(256)), RangeError)
  assert.throws(() => encodeAddress('e'.repeat(256), ''), RangeError)
})

test('addressSizeAt() is -1 at every place where an address can be cut', () => {
  const address = encodeAddress('exchange', 'key')
  for (let end = 0; end < address.length; end++) assert.equal(addressSizeAt(address, 0, end), -1)
  for (let size = 0; size < address.length; size++) {
    assert.equal(addressSizeAt(address.subarray(0, size), 0, size), -1)
  }
})

test('decodeAddress() gives different bytes different texts, UTF-8 or not', () => {
  const textOf = (key: Uint8Array): string =>
    decodeAddress(Buffer.concat([Buffer.from([0, key.length]), key]), 0).routingKey
  const octet = fc.constantFrom(0x2e, 0x41, 0x80, 0xbd, 0xbf, 0xc3, 0xdc, 0xed, 0xef, 0xff)
  const keys = fc.array(octet, { maxLength: 4 }).map((octets) => Uint8Array.from(octets))
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      assert.equal(textOf(one) === textOf(other), Buffer.from(one).equals(other))
    }),
  )
  assert.notEqual(textOf(Uint8Array.of(0xff)), textOf(Buffer.from('\ufffd')))
})
