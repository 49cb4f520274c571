import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CodecError } from '../../record/codec-error.ts'
import { FrameReader, heartbeatFrame, writeFrameHeader } from './frame.ts'
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
} from './methods.gen.ts'

interface Frame {
  readonly type: number
  readonly channel: number
  readonly payload: Buffer
}

const frameSizeMax = 4096

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(FRAME_METHOD, FRAME_HEADER, FRAME_BODY),
      fc.nat(0xffff),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([type, channel, payload]) => ({ type, channel, payload: Buffer.from(payload) })),
  fc.constant({ type: FRAME_HEARTBEAT, channel: 0, payload: Buffer.alloc(0) }),
)

function encode({ type, channel, payload }: Frame): Buffer {
  const encoded = Buffer.alloc(payload.length + 8)
  const start = writeFrameHeader(encoded, 0, { type, channel, size: payload.length })
  payload.copy(encoded, start)
  encoded[encoded.length - 1] = FRAME_END
  return encoded
}

function readAll(reader: FrameReader, chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    while (reader.next()) {
      const payload = Buffer.from(reader.buffer.subarray(reader.start, reader.end))
      frames.push({ type: reader.type, channel: reader.channel, payload })
    }
  }
  return frames
}

function read(...chunks: readonly Buffer[]): Frame[] {
  return readAll(new FrameReader(frameSizeMax), chunks)
}

function cut(stream: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = [0, ...positions.map((position) => position % (stream.length + 1)), stream.length]
  sorted.sort((a, b) => a - b)
  return sorted.slice(1).map((end, index) => stream.subarray(sorted[index], end))
}

function isRefused(kind: CodecError['kind'], offset?: number): (error: unknown) => boolean {
  return (error) =>
    error instanceof CodecError &&
    error.kind === kind &&
    (offset === undefined || error.offset === offset)
}

test('every split point of a stream gives the same frames', () => {
  const frames: Frame[] = [
    { type: FRAME_METHOD, channel: 1, payload: Buffer.from('method') },
    { type: FRAME_HEARTBEAT, channel: 0, payload: Buffer.alloc(0) },
    { type: FRAME_BODY, channel: 0xffff, payload: Buffer.from([FRAME_END, 0, FRAME_END]) },
    { type: FRAME_HEADER, channel: 258, payload: Buffer.alloc(0) },
  ]
  const stream = Buffer.concat(frames.map(encode))
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      assert.deepEqual(read(...cut(stream, [first, second])), frames)
    }
  }
})

test('any cutting of any stream gives the same frames', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12, size: 'max' }),
      (frames, positions) => {
        assert.deepEqual(read(...cut(Buffer.concat(frames.map(encode)), positions)), frames)
      },
    ),
  )
})

test('a stream of single bytes gives the same frames', () => {
  const frames: Frame[] = [
    { type: FRAME_BODY, channel: 3, payload: Buffer.alloc(2000, 7) },
    { type: FRAME_BODY, channel: 3, payload: Buffer.alloc(4096, 8) },
  ]
  const stream = Buffer.concat(frames.map(encode))
  assert.deepEqual(read(...Array.from(stream, (octet) => Buffer.from([octet]))), frames)
})

test('a frame within a chunk is not copied', () => {
  const reader = new FrameReader(frameSizeMax)
  const chunk = encode({ type: FRAME_BODY, channel: 1, payload: Buffer.from('body') })
  reader.push(chunk)
  assert.ok(reader.next())
  assert.equal(reader.buffer, chunk)
  assert.equal(reader.next(), false)
  assert.notEqual(reader.buffer, chunk, 'a used chunk is not kept alive')
})

test('the payload alone may be as large as frame_max, not larger', () => {
  const payload = Buffer.alloc(frameSizeMax)
  assert.equal(read(encode({ type: FRAME_BODY, channel: 1, payload })).length, 1)
  const tooLarge = encode({ type: FRAME_BODY, channel: 1, payload: Buffer.alloc(4097) })
  assert.throws(() => read(tooLarge), isRefused('frame_error', 3))
  assert.throws(() => read(tooLarge.subarray(0, 7)), isRefused('frame_error', 3))
})

test('a frame that announces 4 GiB is refused before memory is taken', () => {
  const announced = Buffer.from([FRAME_BODY, 0, 1, 0xff, 0xff, 0xff, 0xff])
  assert.throws(() => read(announced), isRefused('frame_error'))
  assert.throws(
    () => read(announced.subarray(0, 3), announced.subarray(3)),
    isRefused('frame_error'),
  )
})

test('unknown frame types are refused with 501', () => {
  for (const type of [0, 4, 5, 6, 7, 9, 206, 255]) {
    const unknown = encode({ type, channel: 0, payload: Buffer.alloc(0) })
    assert.throws(() => read(unknown), isRefused('frame_error', 0))
  }
})

test('a wrong end byte is refused with 501, split or not', () => {
  const broken = encode({ type: FRAME_METHOD, channel: 1, payload: Buffer.from('x') })
  broken[broken.length - 1] = 0
  assert.throws(() => read(broken), isRefused('frame_error', 8))
  assert.throws(() => read(broken.subarray(0, 5), broken.subarray(5)), isRefused('frame_error', 8))
})

test('heartbeats are empty and on channel 0', () => {
  assert.deepEqual(read(heartbeatFrame), [
    { type: FRAME_HEARTBEAT, channel: 0, payload: Buffer.alloc(0) },
  ])
  const onChannel = encode({ type: FRAME_HEARTBEAT, channel: 1, payload: Buffer.alloc(0) })
  assert.throws(() => read(onChannel), isRefused('unexpected_frame', 1))
  const filled = encode({ type: FRAME_HEARTBEAT, channel: 0, payload: Buffer.from('x') })
  assert.throws(() => read(filled), isRefused('frame_error', 3))
})

test('nextRaw() takes the protocol header before the frames, at every split point', () => {
  const sent: Frame = { type: FRAME_METHOD, channel: 0, payload: Buffer.from('start-ok') }
  const stream = Buffer.concat([Buffer.from('AMQP\0\0\x09\x01'), encode(sent)])
  for (let position = 0; position <= stream.length; position++) {
    const reader = new FrameReader(frameSizeMax)
    const raw: string[] = []
    const frames: Frame[] = []
    for (const chunk of cut(stream, [position])) {
      reader.push(chunk)
      if (raw.length === 0 && reader.nextRaw(8)) {
        raw.push(reader.buffer.toString('latin1', reader.start, reader.end))
      }
      while (raw.length === 1 && reader.next()) {
        const payload = Buffer.from(reader.buffer.subarray(reader.start, reader.end))
        frames.push({ type: reader.type, channel: reader.channel, payload })
      }
    }
    assert.deepEqual(raw, ['AMQP\0\0\x09\x01'])
    assert.deepEqual(frames, [sent])
  }
})

test('isInsideFrame tells a stream that ends in the middle', () => {
  const reader = new FrameReader(frameSizeMax)
  const whole = encode({ type: FRAME_METHOD, channel: 1, payload: Buffer.from('x') })
  readAll(reader, [whole, whole.subarray(0, 4)])
  assert.equal(reader.isInsideFrame, true)
  readAll(reader, [whole.subarray(4)])
  assert.equal(reader.isInsideFrame, false)
})

test('trim() keeps a frame that is not complete', () => {
  const reader = new FrameReader(frameSizeMax)
  const sent: Frame = { type: FRAME_METHOD, channel: 1, payload: Buffer.from('trimmed') }
  const whole = encode(sent)
  readAll(reader, [whole.subarray(0, 9)])
  reader.trim()
  assert.deepEqual(readAll(reader, [whole.subarray(9)]), [sent])
  reader.trim()
  assert.deepEqual(readAll(reader, [whole.subarray(0, 9), whole.subarray(9)]), [sent])
})

test('push() before all frames were taken is an error of the program', () => {
  const reader = new FrameReader(frameSizeMax)
  reader.push(heartbeatFrame)
  assert.throws(() => reader.push(heartbeatFrame), /next\(\) has returned false/)
})

test('random streams end in frames, in waiting, or in a CodecError, however they are cut', () => {
  const noise = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((array) => Buffer.from(array))
  const stream = fc.array(fc.oneof(frame.map(encode), noise), { maxLength: 6 })
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 6 }), (parts, positions) => {
      const bytes = Buffer.concat(parts)
      assert.deepEqual(outcome(cut(bytes, positions)), outcome([bytes]))
    }),
    { numRuns: 1000 },
  )
})

function outcome(chunks: readonly Buffer[]): string {
  const reader = new FrameReader(frameSizeMax)
  let count = 0
  try {
    for (const chunk of chunks) {
      count += readAll(reader, [chunk]).length
    }
    return `${count} frames, ${reader.isInsideFrame ? 'waiting' : 'complete'}`
  } catch (error) {
    assert.ok(error instanceof CodecError, String(error))
    return error.kind
  }
}
