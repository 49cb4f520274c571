import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { shortText } from '../../../test/support/amqp-arbitrary.ts'
import { BASIC_PUBLISH, encodeMethod } from '../../codec/amqp/methods.gen.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { PublishState, setBody } from './publish-state.ts'

const publish = {
  id: BASIC_PUBLISH,
  exchange: 'x',
  routingKey: 'k',
  mandatory: false,
  immediate: false,
} as const
const sizeMax = 1000

/**
 * Gives `bytes` to `take` as a frame does: inside other memory, which the next frame overwrites
 * unless the message was complete.
 */
function feed<T>(bytes: Buffer, take: (buffer: Buffer, start: number, end: number) => T): T {
  const buffer = Buffer.concat([Buffer.alloc(5, 1), bytes, Buffer.alloc(5, 2)])
  const result = take(buffer, 5, 5 + bytes.length)
  if (result !== true) buffer.fill(0xee)
  return result
}

function start(state: PublishState, bodySize: number): boolean {
  feed(encodeMethod(publish), (buffer, from, end) => state.onMethod(buffer, from, end))
  return feed(encodeContentHeader(bodySize, {}), (buffer, from, end) =>
    state.onHeader(buffer, from, end),
  )
}

test('a message comes together from its frames however its body is cut', () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 0, maxLength: 90 }), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(
      shortText,
      shortText,
      bodies,
      fc.boolean(),
      (exchange, routingKey, parts, mandatory) => {
        const state = new PublishState(sizeMax)
        const source = new RecordSource()
        const body = Buffer.concat(parts)
        const header = encodeContentHeader(body.length, { contentType: 'text/plain' })
        const method = encodeMethod({ ...publish, exchange, routingKey, mandatory })
        feed(method, (buffer, from, end) => state.onMethod(buffer, from, end))
        assert.equal(state.at, 'header')
        let isComplete = feed(header, (buffer, from, end) => state.onHeader(buffer, from, end))
        if (isComplete) setBody(source, header, 0, 0)
        for (const part of parts) {
          if (isComplete) break
          assert.equal(state.at, 'body')
          isComplete = feed(Buffer.from(part), (buffer, from, end) =>
            state.onBody(buffer, from, end, source),
          )
        }
        assert.ok(isComplete)
        assert.deepEqual(
          [state.at, state.isMandatory, state.isTooLarge],
          ['idle', mandatory, false],
        )
        // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array
        state.fill(source)
        assert.deepEqual(decodeAddress(source.address, source.addressStart), {
          exchange,
          routingKey,
        })
        assert.ok(source.header.subarray(source.headerStart, source.headerEnd).equals(header))
        assert.ok(source.body.subarray(source.bodyStart, source.bodyEnd).equals(body))
      },
    ),
  )
})

test('frames that come out of turn are refused with 505', () => {
  const unexpected = { reply: 'unexpected_frame' }
  const bytes = encodeContentHeader(1, {})
  const source = new RecordSource()
  const idle = new PublishState(sizeMax)
  assert.throws(() => idle.onHeader(bytes, 0, bytes.length), unexpected)
  assert.throws(() => idle.onBody(bytes, 0, 1, source), unexpected)
  const atHeader = new PublishState(sizeMax)
  const method = encodeMethod(publish)
  atHeader.onMethod(method, 0, method.length)
  assert.throws(() => atHeader.onBody(bytes, 0, 1, source), unexpected)
  const atBody = new PublishState(sizeMax)
  assert.equal(start(atBody, 1), false)
  assert.throws(() => atBody.onHeader(bytes, 0, bytes.length), unexpected)
})

test('a header of another class is refused with 505', () => {
  const state = new PublishState(sizeMax)
  const method = encodeMethod(publish)
  state.onMethod(method, 0, method.length)
  const header = encodeContentHeader(0, {})
  header.writeUInt16BE(50, 0)
  assert.throws(() => state.onHeader(header, 0, header.length), { reply: 'unexpected_frame' })
})

test('more body than the header says is refused with 501', () => {
  const state = new PublishState(sizeMax)
  start(state, 3)
  const source = new RecordSource()
  assert.equal(state.onBody(Buffer.alloc(2), 0, 2, source), false)
  assert.throws(() => state.onBody(Buffer.alloc(2), 0, 2, source), { reply: 'frame_error' })
})

test('a body that is too large is read to its end and not kept', () => {
  const state = new PublishState(sizeMax)
  const source = new RecordSource()
  start(state, sizeMax + 1)
  assert.ok(state.isTooLarge)
  assert.equal(state.onBody(Buffer.alloc(sizeMax), 0, sizeMax, source), false)
  assert.equal(state.onBody(Buffer.alloc(1), 0, 1, source), true)
  assert.deepEqual([source.bodyStart, source.bodyEnd], [0, 0])
})

test('a method that is cut short is refused at every place', () => {
  const method = encodeMethod(publish)
  for (let end = 4; end < method.length; end++) {
    assert.throws(() => new PublishState(sizeMax).onMethod(method, 0, end), { name: 'CodecError' })
  }
})
