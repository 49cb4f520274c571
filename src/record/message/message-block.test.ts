import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodecError } from '../codec-error.ts'
import { encodeAddress } from './address.ts'
import { encodeContentHeader } from './content-header.ts'
import { decodeMessageBlock, encodeMessageBlock, sizeInBlock } from './message-block.ts'

const message = fc
  .record({
    exchange: fc.string({ maxLength: 20 }),
    routingKey: fc.string({ maxLength: 20 }),
    messageId: fc.string({ maxLength: 20 }),
    body: fc.uint8Array({ maxLength: 50 }),
  })
  .map(({ exchange, routingKey, messageId, body }) => ({
    address: encodeAddress(exchange, routingKey),
    header: encodeContentHeader(body.length, { messageId }),
    body: Buffer.from(body),
  }))

test('messages come out of a block as they were put in', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
      const block = encodeMessageBlock(messages)
      const size = messages.reduce((sum, each) => sum + sizeInBlock(each), 0)
      assert.equal(block.length, size)
      const decoded = decodeMessageBlock(block).map((source) => ({
        address: source.address.subarray(source.addressStart, source.addressEnd),
        header: source.header.subarray(source.headerStart, source.headerEnd),
        body: source.body.subarray(source.bodyStart, source.bodyEnd),
      }))
      assert.deepEqual(decoded, messages)
    }),
  )
})

test('any other bytes are refused', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), fc.nat(), (messages, cut) => {
      const block = encodeMessageBlock(messages)
      const ends = messages.map((_, n) => encodeMessageBlock(messages.slice(0, n)).length)
      const end = cut % block.length
      if (!ends.includes(end)) {
        assert.throws(() => decodeMessageBlock(block.subarray(0, end)), CodecError)
      }
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      try {
        decodeMessageBlock(Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof CodecError)
      }
    }),
  )
})
