// Frames as RFC 6455 says them: whatever they are cut into, the bytes within are the same, and what is wrong ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader } from './frame-reader.ts'
import { closeFrame, controlFrame, frameHeader } from './frame-writer.ts'
import { Utf8Stream } from './utf8-stream.ts'

interface ClientFrame {
  readonly opcode: number
  readonly payload: Buffer
  readonly isFinal?: boolean
  readonly mask?: Buffer
}

/** As a client writes it. */
function encode({
  opcode,
  payload,
  isFinal = true,
  mask = Buffer.from([1, 2, 3, 4]),
}: ClientFrame): Buffer {
  const header = frameHeader(opcode, payload.length)
  header[0] = (isFinal ? 0x80 : 0) | opcode
  header[1] = (header[1] as number) | 0x80
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number))
  return Buffer.concat([header, mask, masked])
}

function reader(takesText = true): FrameReader {
  return new FrameReader({ takesText, frameSizeMax: 100_000 })
}

/** What is read of `bytes`, in pieces of the sizes given; the rest comes at once. */
function readAll(target: FrameReader, bytes: Buffer, sizes: readonly number[] = []): Buffer {
  const got: Buffer[] = []
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    got.push(Buffer.from(target.read(Buffer.from(bytes.subarray(at, at + size)))))
    at += size
  }
  return Buffer.concat(got)
}

const payloads = fc.oneof(
  { weight: 10, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 65_530, maxLength: 65_545 }) },
)
/** A message in some fragments, with pings between them. */
const messages = fc.record({
  parts: fc.array(payloads, { minLength: 1, maxLength: 4 }),
  pings: fc.array(fc.uint8Array({ maxLength: 125 }), { maxLength: 2 }),
  mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
})

test('the bytes within are the same however frames and chunks are cut', () => {
  fc.assert(
    fc.property(
      fc.array(messages, { maxLength: 5 }),
      fc.array(fc.nat(400), { maxLength: 60 }),
      (all, sizes) => {
        const frames = all.flatMap(({ parts, pings, mask }) =>
          parts.flatMap((part, index) => [
            encode({
              opcode: index === 0 ? 2 : 0,
              payload: Buffer.from(part),
              isFinal: index === parts.length - 1,
              mask: Buffer.from(mask),
            }),
            ...pings.map((ping) => encode({ opcode: 9, payload: Buffer.from(ping) })),
          ]),
        )
        const target = reader()
        const got = readAll(target, Buffer.concat(frames), sizes)
        assert.deepEqual(got, Buffer.concat(all.flatMap(({ parts }) => parts)))
        assert.equal(target.end, undefined)
        const last = all.findLast(({ pings }) => pings.length > 0)?.pings.at(-1)
        assert.deepEqual(target.ping, last && Buffer.from(last))
      },
    ),
    { numRuns: 60 },
  )
})

const text = (bytes: readonly number[], isFinal = true): Buffer =>
  encode({ opcode: 1, payload: Buffer.from(bytes), isFinal })
const close = (...payload: number[]): Buffer => encode({ opcode: 8, payload: Buffer.from(payload) })
const unmasked = Buffer.from([0x82, 1, 0])
const faults: readonly (readonly [name: string, code: number, bytes: Buffer])[] = [
  ['5.1 not masked', 1002, unmasked],
  ['5.2 a reserved bit', 1002, encode({ opcode: 2 | 0x40, payload: Buffer.of(0) })],
  ['5.2 a reserved opcode', 1002, encode({ opcode: 3, payload: Buffer.of(0) })],
  ['5.2 a reserved opcode of control', 1002, encode({ opcode: 11, payload: Buffer.of(0) })],
  ['5.2 a length of two bytes for less', 1002, Buffer.from([0x82, 0xfe, 0, 125, 0, 0, 0, 0])],
  [
    '5.2 a length of eight bytes for less',
    1002,
    Buffer.from('82ff000000000000ffff00000000', 'hex'),
  ],
  ['5.2 a length above 2^63', 1002, Buffer.from('82ff800000000000000000000000', 'hex')],
  ['5.4 a message within another', 1002, Buffer.concat([text([65], false), text([65])])],
  ['5.4 a continuation of nothing', 1002, encode({ opcode: 0, payload: Buffer.of(0) })],
  ['5.5 a ping in parts', 1002, encode({ opcode: 9, payload: Buffer.of(0), isFinal: false })],
  ['5.5 a large ping', 1002, encode({ opcode: 9, payload: Buffer.alloc(126) })],
  ['5.5.1 half of a code', 1002, close(3)],
  ['7.4.1 a code that is never sent', 1002, close(0x03, 0xee)],
  ['7.4.2 a code of nobody', 1002, close(0x07, 0xd0)],
  ['5.5.1 a reason that is no UTF-8', 1007, close(0x03, 0xe8, 0xff)],
  ['8.1 a text that is no UTF-8', 1007, text([0xff])],
  ['8.1 half of a pair', 1007, text([0xed, 0xa0, 0x80])],
  ['8.1 a text that ends within a character', 1007, text([0xe2, 0x82])],
  ['7.4.1 a frame that is too large', 1009, encode({ opcode: 2, payload: Buffer.alloc(100_001) })],
]

for (const [name, code, bytes] of faults) {
  test(`RFC 6455 ${name} ends with ${code}`, () => {
    const good = encode({ opcode: 2, payload: Buffer.from('good') })
    for (const sizes of [[], Array.from({ length: 40 }, () => 1)]) {
      const target = reader()
      assert.equal(
        readAll(target, Buffer.concat([good, bytes, good]), sizes).toString('latin1', 0, 4),
        'good',
      )
      assert.deepEqual([target.end?.code, target.end?.isPeers], [code, false])
      assert.equal(target.read(Buffer.from(good)).length, 0, 'nothing is read afterwards')
    }
  })
}

test('RFC 6455 5.5.1 a close has a code and a reason, or nothing', () => {
  for (const [bytes, code, reason] of [
    [close(), 1005, ''],
    [close(0x03, 0xe9), 1001, ''],
    [close(0x0f, 0xa0, 0xc3, 0xa9), 4000, 'é'],
  ] as const) {
    const target = reader()
    assert.equal(readAll(target, bytes).length, 0)
    assert.deepEqual(target.end, { code, reason, isPeers: true })
  }
})

test('text is refused where only binary frames are taken', () => {
  const target = reader(false)
  target.read(text([65]))
  assert.equal(target.end?.code, 1003)
})

test('whatever comes, the reader says what it is', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (chunks) => {
      const target = reader()
      for (const chunk of chunks) {
        assert(target.read(Buffer.from(chunk)).length <= chunk.length)
      }
    }),
  )
})

test('a text in pieces is UTF-8 exactly when the whole is', () => {
  const bytes = fc.oneof(
    fc.string({ unit: 'binary' }).map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 8 }).map((value) => Buffer.from(value)),
    fc
      .constantFrom('f09f9880', 'f4908080', 'e08080', 'eda080', 'f0808080', 'c0af', 'e282ac')
      .map((hex) => Buffer.from(hex, 'hex')),
  )
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(3)), (whole, sizes) => {
      const stream = new Utf8Stream()
      let [at, isRight] = [0, true]
      for (const size of [...sizes, whole.length]) {
        isRight &&= stream.add(whole.subarray(at, at + size))
        at += size
      }
      isRight &&= stream.end()
      let isText = true
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(whole)
      } catch {
        isText = false
      }
      assert.equal(isRight, isText)
    }),
    { numRuns: 300 },
  )
})

test('frames of a server are as short as can be, and a reason is cut between characters', () => {
  assert.deepEqual(frameHeader(2, 125), Buffer.from([0x82, 125]))
  assert.deepEqual(frameHeader(2, 126), Buffer.from([0x82, 126, 0, 126]))
  assert.deepEqual(frameHeader(2, 65_536), Buffer.from('827f0000000000010000', 'hex'))
  assert.deepEqual(controlFrame(9, Buffer.from('a')), Buffer.from([0x89, 1, 97]))
  const cut = closeFrame(1002, 'é'.repeat(100))
  assert.equal(cut.length, 2 + 2 + 122)
  assert.equal(cut.subarray(4).toString(), 'é'.repeat(61))
})
