import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findForeignHandshake } from './find-foreign-handshake.ts'

const header = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1')
const saslHeader = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1')

/** Feeds a client's bytes as they are needed; returns what it is sent, and what is left of them. */
function lead(sent: Buffer): { answer: Buffer; rest: number; isTold: boolean; protocol: string } {
  const handshake = findForeignHandshake(sent.subarray(0, 8))
  assert.ok(handshake)
  const answers: Buffer[] = []
  let at = 0
  while (handshake.needed > 0 && at + handshake.needed <= sent.length) {
    const bytes = sent.subarray(at, at + handshake.needed)
    at += handshake.needed
    answers.push(Buffer.from(handshake.take(bytes)))
  }
  const { protocol } = handshake
  const isTold = handshake.needed === 0
  return { answer: Buffer.concat(answers), rest: sent.length - at, isTold, protocol }
}

function frame(type: number, body: Buffer): Buffer {
  const start = Buffer.from([0, 0, 0, 8 + body.length, 2, type, 0, 0])
  return Buffer.concat([start, body])
}

test('a client of AMQP 1.0 gets its header, an open and a close with the error', () => {
  const { answer, isTold, protocol } = lead(header)
  assert.equal(protocol, 'AMQP 1.0')
  assert.ok(isTold)
  assert.deepEqual(answer.subarray(0, 8), header)
  // open: frame of 8 + 13 bytes, performative 0x10 with the container id.
  const open = answer.subarray(8, 8 + answer.readUInt32BE(8))
  assert.deepEqual(open, frame(0, Buffer.from('\x00\x53\x10\xc0\x08\x01\xa1\x05Pabal', 'latin1')))
  const close = answer.subarray(8 + open.length)
  assert.equal(close.readUInt32BE(0), close.length)
  assert.deepEqual([...close.subarray(8, 12)], [0, 0x53, 0x18, 0xc0])
  assert.equal(close[12], close.length - 13)
  const text = close.toString('latin1')
  assert.ok(text.includes('\x00\x53\x1d\xc0'))
  assert.ok(text.includes('\xa3\x14amqp:not-implemented\xa1'))
  assert.match(text, /Pabal does not speak AMQP 1\.0 here: use a client for AMQP 0-9-1$/)
})

test('one that logs in first is let in, and told then', () => {
  const init = frame(1, Buffer.from('\x00\x53\x41\xc0\x0b\x01\xa3\x09ANONYMOUS', 'latin1'))
  const { answer, isTold } = lead(Buffer.concat([saslHeader, init, header]))
  assert.ok(isTold)
  assert.deepEqual(answer.subarray(0, 8), saslHeader)
  const mechanisms = answer.subarray(8, 8 + answer.readUInt32BE(8))
  assert.equal(mechanisms[5], 1)
  const offered = mechanisms.toString('latin1')
  assert.ok(offered.startsWith('\x00\x53\x40\xc0', 8))
  assert.ok(offered.endsWith('\x02\xa3\x05PLAIN\x09ANONYMOUS'))
  const rest = answer.subarray(8 + mechanisms.length)
  const outcome = frame(1, Buffer.from('\x00\x53\x44\xc0\x03\x01\x50\x00', 'latin1'))
  assert.deepEqual(rest.subarray(0, outcome.length), outcome)
  assert.deepEqual(rest.subarray(outcome.length), lead(header).answer)
})

test('a login of no plausible size, and another header after it, end it without a word', () => {
  for (const size of [0, 8, 8193, 0xffff_ffff]) {
    const start = Buffer.alloc(8)
    start.writeUInt32BE(size)
    const { isTold } = lead(Buffer.concat([saslHeader, start, Buffer.alloc(20)]))
    // It is at the end, or waits for a header that never comes.
    assert.equal(isTold, true, String(size))
  }
  const init = frame(1, Buffer.from([0]))
  const { answer, isTold } = lead(Buffer.concat([saslHeader, init, Buffer.from('GET / HT')]))
  assert.ok(isTold)
  assert.equal(answer.includes('not-implemented'), false)
})

test("a client of RabbitMQ's stream protocol gets an answer and a close with the reason", () => {
  const properties = Buffer.from([0, 0, 0, 0])
  const sent = Buffer.concat([
    Buffer.from([0, 0, 0, 12, 0, 0x11, 0, 1, 0, 0, 0, 101]),
    properties,
    Buffer.from('more'),
  ])
  const { answer, rest, isTold, protocol } = lead(sent)
  assert.equal(protocol, "RabbitMQ's stream protocol")
  assert.ok(isTold)
  assert.equal(rest, 4)
  const size = answer.readUInt32BE(0)
  assert.deepEqual([...answer.subarray(4, 18)], [0x80, 0x11, 0, 1, 0, 0, 0, 101, 0, 1, 0, 0, 0, 2])
  const close = answer.subarray(4 + size)
  assert.equal(close.readUInt32BE(0), close.length - 4)
  assert.deepEqual([...close.subarray(4, 14)], [0, 0x16, 0, 1, 0, 0, 0, 1, 0, 0x11])
  const reason = "Pabal does not speak RabbitMQ's stream protocol here: use a client for AMQP 0-9-1"
  assert.equal(close.readUInt16BE(14), reason.length)
  assert.equal(close.toString('latin1', 16), reason)
})

test('others are none of them', () => {
  for (const bytes of [
    Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
    Buffer.from('AMQP\x02\x01\x00\x00', 'latin1'),
    Buffer.from('GET / HT'),
    Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0]),
    // PeerProperties of a size that cannot be, of version 2, and another frame.
    Buffer.from([0, 0, 0, 7, 0, 0x11, 0, 1]),
    Buffer.from([0, 1, 0, 0, 0, 0x11, 0, 1]),
    Buffer.from([0, 0, 0, 12, 0, 0x11, 0, 2]),
    Buffer.from([0, 0, 0, 12, 0, 0x12, 0, 1]),
  ]) {
    assert.equal(findForeignHandshake(bytes), undefined)
  }
})
