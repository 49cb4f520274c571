import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeFrame } from '../../../../test/support/raw-codec.ts'
import {
  CHANNEL_CLOSE_OK,
  CONNECTION_CLOSE_OK,
  CONNECTION_UNBLOCKED,
  methodFrameSizeMax,
  writeMethodFrame,
} from '../../../codec/amqp/methods.gen.ts'
import { FrameTracker } from './frame-tracker.ts'

/** Any frame that a broker sends but those that close the connection. */
const frame = fc
  .record({
    type: fc.constantFrom(1, 2, 3, 8),
    channel: fc.constantFrom(0, 0, 1, 0x0100, 65_535),
    payload: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ type, channel, payload }) => encodeFrame(type, channel, Buffer.from(payload)))

/** A stream, and where it is cut into pieces. */
const pieces = fc
  .tuple(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }))
  .map(([frames, cuts]) => {
    const stream = Buffer.concat(frames)
    const places = [...cuts.map((cut) => cut % (stream.length + 1)), 0, stream.length]
    return { frames, stream, places: [...new Set(places)].sort((a, b) => a - b) }
  })

function endsOf(frames: readonly Buffer[]): Set<number> {
  let end = 0
  return new Set([0, ...frames.map(({ length }) => (end += length))])
}

test('a stream is between frames exactly where one has ended, however it is cut', () => {
  fc.assert(
    fc.property(pieces, ({ frames, stream, places }) => {
      const tracker = new FrameTracker()
      const ends = endsOf(frames)
      for (const [index, place] of places.entries()) {
        tracker.follow(stream.subarray(places[index - 1] ?? 0, place))
        assert.equal(tracker.isBetweenFrames, ends.has(place))
      }
    }),
  )
})

test('the rest of the frame that has begun is found, however it is cut', () => {
  fc.assert(
    fc.property(pieces, fc.nat(), ({ frames, stream, places }, at) => {
      const tracker = new FrameTracker()
      const start = at % (stream.length + 1)
      tracker.follow(stream.subarray(0, start))
      const end = [...endsOf(frames)].find((each) => each >= start) ?? 0
      let position = start
      for (const place of [...places.filter((each) => each > start), stream.length]) {
        position += tracker.followToEnd(stream.subarray(position, place))
      }
      assert.equal(position, end)
      assert.equal(tracker.isBetweenFrames, true)
    }),
  )
})

test('the end of a connection is seen, and that of a channel is something else', () => {
  const closed = { id: CHANNEL_CLOSE_OK } as const
  for (const method of [
    { id: CONNECTION_UNBLOCKED },
    closed,
    { id: CONNECTION_CLOSE_OK },
  ] as const) {
    const bytes = Buffer.alloc(methodFrameSizeMax(method))
    const written = bytes.subarray(0, writeMethodFrame(bytes, 0, 0, method))
    const [whole, single] = [new FrameTracker(), new FrameTracker()]
    whole.follow(written)
    for (const byte of written) single.follow(Buffer.from([byte]))
    for (const { hasClosed, isBetweenFrames } of [whole, single]) {
      assert.equal(hasClosed, method.id === CONNECTION_CLOSE_OK)
      assert.equal(isBetweenFrames, true)
    }
  }
})
