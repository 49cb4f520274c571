import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { kafkaLimits } from '../../limits/kafka.ts'
import { CodecError } from '../../record/codec-error.ts'
import { RequestStream } from './request-stream.ts'

function encode(request: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(request.length)
  return Buffer.concat([prefix, request])
}

function readAll(stream: RequestStream, chunks: readonly Buffer[]): Buffer[] {
  const requests: Buffer[] = []
  for (const chunk of chunks) {
    stream.push(chunk)
    while (stream.next()) requests.push(stream.buffer.subarray(stream.start, stream.end))
  }
  return requests
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length]
  ends.sort((a, b) => a - b)
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

test('requests are the same wherever the stream is cut in two', () => {
  const requests = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(300, 7), Buffer.from('end')]
  const bytes = Buffer.concat(requests.map(encode))
  for (let position = 0; position <= bytes.length; position++) {
    const stream = new RequestStream()
    assert.deepEqual(readAll(stream, cut(bytes, [position])), requests)
    assert.equal(stream.isInsideRequest, false)
  }
})

test('requests are the same in any chunks, and stay valid while later ones are read', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12, size: 'max' }),
      (requests, positions) => {
        const bytes = Buffer.concat(requests.map(encode))
        assert.deepEqual(
          readAll(new RequestStream(), cut(bytes, positions)),
          requests.map((request) => Buffer.from(request)),
        )
      },
    ),
  )
})

test('chunks may come faster than their requests are taken', () => {
  const requests = [Buffer.from('one'), Buffer.alloc(300, 7), Buffer.from('end')]
  const bytes = Buffer.concat(requests.map(encode))
  for (let position = 0; position <= bytes.length; position++) {
    const stream = new RequestStream()
    stream.push(bytes.subarray(0, position))
    stream.keepRest()
    const [last] = cut(bytes.subarray(position), [])
    assert.equal(stream.restSize, position)
    assert.deepEqual(readAll(stream, [last!]), requests)
  }
})

test('requests have memory of their own, and what is left of a chunk gets it from keepRest()', () => {
  const chunk = Buffer.concat([encode(Buffer.from('abc')), encode(Buffer.from('d'))])
  const stream = new RequestStream()
  stream.push(chunk)
  assert.equal(stream.next(), true)
  const first = stream.buffer.subarray(stream.start, stream.end)
  stream.keepRest()
  chunk.fill(0)
  assert.equal(first.toString(), 'abc')
  assert.equal(stream.next(), true)
  assert.equal(stream.buffer.toString('utf8', stream.start, stream.end), 'd')
})

test('a request larger than the initial room arrives whole', () => {
  const request = Buffer.alloc(5 * 1024 * 1024 + 17, 'payload')
  const bytes = encode(request)
  const chunks: Buffer[] = []
  for (let start = 0; start < bytes.length; start += 65_536) {
    chunks.push(bytes.subarray(start, start + 65_536))
  }
  const [read] = readAll(new RequestStream(), chunks)
  assert.ok(read?.equals(request))
})

test('a size beyond the limit and a negative size are refused before their bytes come', () => {
  for (const size of [1001, 0x7fff_ffff, -1, -0x8000_0000]) {
    const prefix = Buffer.alloc(4)
    prefix.writeInt32BE(size)
    for (const chunks of [[prefix], [prefix.subarray(0, 1), prefix.subarray(1)]]) {
      const stream = new RequestStream(1000)
      assert.throws(
        () => readAll(stream, chunks),
        (error) => error instanceof CodecError && error.kind === 'frame_error',
      )
    }
  }
})

test('isInsideRequest tells an orderly end from a torn one', () => {
  const stream = new RequestStream()
  const bytes = encode(Buffer.from('abc'))
  for (let position = 1; position < bytes.length; position++) {
    readAll(stream, [bytes.subarray(0, position)])
    assert.equal(stream.isInsideRequest, true)
    readAll(stream, [bytes.subarray(position)])
    assert.equal(stream.isInsideRequest, false)
  }
})

test('a large request gets its room in few leaps, and what it leaves behind is released', () => {
  const size = kafkaLimits.kafkaRequestRoomInitial * 8 + 1000
  const taken: Buffer[] = []
  const left: Buffer[] = []
  const memory = {
    take(wanted: number): Buffer {
      taken.push(Buffer.allocUnsafe(wanted))
      return taken.at(-1) as Buffer
    },
    release: (buffer: Buffer) => left.push(buffer),
  }
  const stream = new RequestStream(kafkaLimits.kafkaRequestSizeMax, memory)
  const request = Buffer.alloc(size, 'pabal')
  const bytes = encode(request)
  const half = kafkaLimits.kafkaRequestRoomInitial / 2
  assert.deepEqual(readAll(stream, [bytes.subarray(0, half)]), [])
  assert.deepEqual(
    taken.map(({ length }) => length),
    [kafkaLimits.kafkaRequestRoomInitial],
    'what was only announced takes no room',
  )
  const [read] = readAll(stream, cut(bytes.subarray(half), [half * 3, half * 6]))
  assert.ok(read?.equals(request))
  assert.deepEqual(
    taken.map(({ length }) => length),
    [kafkaLimits.kafkaRequestRoomInitial, size],
  )
  assert.ok(left.includes(taken[0] as Buffer) && !left.includes(taken[1] as Buffer))
})
