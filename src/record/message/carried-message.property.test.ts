import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodecError } from '../codec-error.ts'
import { decodeCarried, encodeCarried } from './carried-message.ts'
import { RecordView } from './record-view.ts'

interface Message {
  readonly address: Buffer
  readonly header: Buffer
  readonly body: Buffer
  readonly hasDeaths: boolean
  readonly offset: number
  readonly timestamp: number
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each))
const message: fc.Arbitrary<Message> = fc.record({
  address: bytes,
  header: bytes,
  body: bytes,
  hasDeaths: fc.boolean(),
  offset: fc.maxSafeNat(),
  timestamp: fc.maxSafeNat(),
})

function viewOf({ address, header, body, ...rest }: Message): RecordView {
  const view = Object.assign(new RecordView(), rest)
  // As it is in a log: something comes before it.
  view.buffer = Buffer.concat([Buffer.from('before'), address, header])
  view.addressStart = 6
  view.headerStart = 6 + address.length
  view.headerEnd = view.buffer.length
  view.body = body
  view.bodyEnd = body.length
  return view
}

function messageOf(view: RecordView): Message {
  const { buffer, addressStart, headerStart, headerEnd, body, bodyStart, bodyEnd } = view
  const { hasDeaths, offset, timestamp } = view
  return {
    address: buffer.subarray(addressStart, headerStart),
    header: buffer.subarray(headerStart, headerEnd),
    body: body.subarray(bodyStart, bodyEnd),
    hasDeaths,
    offset,
    timestamp,
  }
}

test('messages that are carried to another cell are the same there', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), (messages) => {
      const carried = Buffer.concat(messages.map((each) => encodeCarried(viewOf(each))))
      assert.deepEqual(
        decodeCarried(carried).map(messageOf),
        messages.map((each) => ({ ...each })),
      )
    }),
  )
})

test('what is cut off is refused', () => {
  fc.assert(
    fc.property(message, fc.nat(), (each, at) => {
      const whole = encodeCarried(viewOf(each))
      const size = 1 + (at % (whole.length - 1))
      assert.throws(() => decodeCarried(whole.subarray(0, size)), CodecError)
    }),
  )
})
