import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { stompLimits } from '../../limits/stomp.ts'
import { FrameError } from './frame-error.ts'
import { FrameReader } from './frame-reader.ts'
import type { StompVersion } from './stomp-version.ts'
import { encodeFrame, heartBeat } from './write-frame.ts'

interface ReadFrame {
  readonly command: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

interface ReadResult {
  readonly frames: readonly ReadFrame[]
  /** Why the stream is no STOMP; undefined when it is. */
  readonly error: string | undefined
}

function readAll(chunks: readonly Buffer[], version: StompVersion = '1.2'): ReadResult {
  const reader = new FrameReader()
  reader.version = version
  const frames: ReadFrame[] = []
  try {
    for (const chunk of chunks) {
      // As a socket's buffer: written over once it has been read.
      const memory = Buffer.from(chunk)
      reader.push(memory)
      while (reader.next()) frames.push(frameOf(reader))
      reader.keepRest()
      memory.fill(0x78)
    }
  } catch (error) {
    assert.ok(error instanceof FrameError, String(error))
    return { frames, error: error.message }
  } finally {
    reader.release()
  }
  return { frames, error: undefined }
}

function frameOf({ command, headers, buffer, start, end }: FrameReader): ReadFrame {
  const pairs = headers.names.map((name, index) => [name, headers.values[index] as string] as const)
  return { command, headers: pairs, body: buffer.toString('latin1', start, end) }
}

const read = (text: string, version?: StompVersion): ReadResult =>
  readAll([Buffer.from(text, 'latin1')], version)

const cases: readonly (readonly [name: string, text: string, expected: readonly ReadFrame[]])[] = [
  [
    'a frame without headers and body',
    'BEGIN\n\n\0',
    [{ command: 'BEGIN', headers: [], body: '' }],
  ],
  [
    'lines that end with CR LF',
    'SEND\r\ndestination:/queue/a\r\n\r\nhi\r\n\0',
    [{ command: 'SEND', headers: [['destination', '/queue/a']], body: 'hi\r\n' }],
  ],
  [
    'heart-beats and NULs between frames',
    '\n\r\n\0\nACK\nid:1\n\n\0\n\n\0NACK\nid:2\n\n\0\n',
    [
      { command: 'ACK', headers: [['id', '1']], body: '' },
      { command: 'NACK', headers: [['id', '2']], body: '' },
    ],
  ],
  [
    'a body with NULs and a content-length',
    'SEND\ndestination:/queue/a\ncontent-length:5\n\n\0a\0\nb\0',
    [
      {
        command: 'SEND',
        headers: [
          ['destination', '/queue/a'],
          ['content-length', '5'],
        ],
        body: '\0a\0\nb',
      },
    ],
  ],
  [
    'colons in values, and values that are empty',
    'SEND\na::b:c:\nempty:\n\n\0',
    [
      {
        command: 'SEND',
        headers: [
          ['a', ':b:c:'],
          ['empty', ''],
        ],
        body: '',
      },
    ],
  ],
  [
    'escapes in names and values',
    'SEND\na\\cb:c\\nd\\\\\n\n\0',
    [{ command: 'SEND', headers: [['a:b', 'c\nd\\']], body: '' }],
  ],
  [
    'no escapes in CONNECT',
    'CONNECT\npasscode:a\\tb\\c\n\n\0',
    [{ command: 'CONNECT', headers: [['passcode', 'a\\tb\\c']], body: '' }],
  ],
  [
    'a content-length that only SEND has',
    'ACK\ncontent-length:100\nid:1\n\n\0',
    [
      {
        command: 'ACK',
        headers: [
          ['content-length', '100'],
          ['id', '1'],
        ],
        body: '',
      },
    ],
  ],
]

for (const [name, text, expected] of cases) {
  test(`reads ${name}, in one chunk and byte by byte`, () => {
    const whole = Buffer.from(text, 'latin1')
    assert.deepEqual(readAll([whole]), { frames: expected, error: undefined })
    assert.deepEqual(readAll(bytesOf(whole)), { frames: expected, error: undefined })
  })
}

test('1.0 has blanks before values, later versions keep them', () => {
  const text = 'SEND\na:  b \n\n\0'
  assert.deepEqual(read(text, '1.0').frames[0]?.headers, [['a', 'b ']])
  assert.deepEqual(read(text, '1.1').frames[0]?.headers, [['a', '  b ']])
})

test('the first of repeated headers counts', () => {
  const reader = new FrameReader()
  reader.push(Buffer.from('SEND\nfoo:1\nfoo:2\nbar:3\n\n\0'))
  assert.ok(reader.next())
  assert.equal(reader.headers.get('foo'), '1')
  assert.deepEqual(
    [...reader.headers.entries()],
    [
      ['foo', '1'],
      ['bar', '3'],
    ],
  )
})

const fatal: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ['a header without a colon', 'SEND\nnothing\n\n\0', /a header without a value: 'nothing'/],
  ['an undefined escape', 'SEND\na:\\t\n\n\0', /no escape/],
  ['a carriage return within a line', 'SEND\na:b\rc\n\n\0', /carriage return/],
  ['a long command', 'A'.repeat(40), /command is too long/],
  [
    'a long header',
    `SEND\n${'a'.repeat(stompLimits.headerSizeMax + 1)}`,
    /a header of more than|a frame/,
  ],
  ['many headers', `SEND\n${'a:b\n'.repeat(stompLimits.headersMax + 1)}`, /more than 100 headers/],
  ['a large frame', `SEND\n\n${'a'.repeat(stompLimits.loginFrameSizeMax)}`, /a frame of more than/],
  ['a large content-length', 'SEND\ncontent-length:65536\n\n', /a frame of more than/],
  ['a negative content-length', 'SEND\ncontent-length:-1\n\n', /no number of bytes/],
  ['a content-length that is too small', 'SEND\ncontent-length:1\n\nab\0', /no NUL after a body/],
]

for (const [name, text, reason] of fatal) {
  test(`refuses ${name}, in one chunk and byte by byte`, () => {
    assert.match(read(text).error ?? 'none', reason)
    assert.match(readAll(bytesOf(Buffer.from(text, 'latin1'))).error ?? 'none', reason)
  })
}

const header = fc.tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ unit: 'binary' }))
const frames = fc.array(
  fc.record({
    headers: fc.array(header, { maxLength: 5 }),
    body: fc.string({ unit: 'binary', maxLength: 2000 }),
    beats: fc.nat(2),
  }),
  { maxLength: 4 },
)

test('what is written is read again, however it is cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(100), { minLength: 1 }), (written, sizes) => {
      const bytes = Buffer.concat(
        written.flatMap(({ headers, body, beats }) => [
          ...Array.from({ length: beats }, () => heartBeat),
          encodeFrame({ command: 'SEND', headers: Object.fromEntries(headers), body }, '1.2'),
        ]),
      )
      const { frames: seen, error } = readAll(cut(bytes, sizes))
      assert.equal(error, undefined)
      const expected = written.map(({ headers, body }) => {
        const own: Record<string, string> = Object.fromEntries(headers)
        const length = Buffer.byteLength(body)
        const all = [
          ...Object.entries(own),
          ...(length > 0 ? [['content-length', `${length}`]] : []),
        ]
        return { command: 'SEND', headers: all, body: Buffer.from(body).toString('latin1') }
      })
      // A header of the client's own with that name comes first.
      if (written.some(({ headers }) => headers.some(([name]) => name === 'content-length'))) return
      assert.deepEqual(seen, expected)
    }),
  )
})

test('whatever comes, it is the same in one chunk and byte by byte, and a broken stream is a FrameError', () => {
  const valid = Buffer.from(
    'CONNECT\naccept-version:1.2\nhost:/\n\n\0\n' +
      'SEND\ndestination:/queue/a\ncontent-length:3\n\na\0b\0\n\n' +
      'SEND\r\ndestination:/queue/b\\c\r\nx:y:z\r\n\r\nbody\0ACK\nid:T_1@@s@@1\n\n\0',
  )
  const mutation = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 4 }), fc.nat(valid.length), (mutations, end) => {
      const bytes = Buffer.from(valid.subarray(0, end))
      for (const { at, byte } of mutations) if (at < end) bytes[at] = byte
      assert.deepEqual(readAll(bytesOf(bytes)), readAll([bytes]))
    }),
    { numRuns: 300 },
  )
})

test('what is held of a frame is what has come of it, and goes with it', () => {
  const reader = new FrameReader()
  reader.frameSizeMax = 1_000_000
  reader.push(Buffer.from('SEND\nabc:d\ncontent-length:500000\n\n'))
  assert.equal(reader.next(), false)
  const before = reader.heldSize
  assert.ok(before < 1000)
  reader.push(Buffer.alloc(1000, 97))
  assert.equal(reader.next(), false)
  assert.equal(reader.heldSize, before + 1000)
  reader.push(Buffer.concat([Buffer.alloc(499_000, 97), Buffer.from([0])]))
  assert.ok(reader.next())
  assert.deepEqual(
    [reader.heldSize, reader.end - reader.start, reader.isBodyOwn],
    [0, 500_000, true],
  )
  assert.equal(reader.next(), false)
})

function bytesOf(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = Math.max(1, sizes[index % sizes.length] as number)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}
