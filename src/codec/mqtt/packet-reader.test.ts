import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readPackets } from '../../../test/support/mqtt/read-packet.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { PacketError } from './packet-error.ts'
import { PacketReader } from './packet-reader.ts'
import {
  OutgoingPublish,
  PublishPacket,
  publishSize,
  readPublish,
  writePublish,
} from './publish.ts'
import { reasonCode } from './reason-code.ts'

const sizeMax = 1_000_000

function readerOf(version: 3 | 4 | 5): PacketReader {
  const reader = new PacketReader('client', sizeMax)
  reader.version = version
  return reader
}

function encodePublish(topic: string, payload: Uint8Array): Buffer {
  const outgoing = new OutgoingPublish()
  outgoing.topic = Buffer.from(topic)
  outgoing.payload = Buffer.from(payload)
  outgoing.payloadEnd = payload.length
  const target = Buffer.alloc(publishSize(outgoing, 4))
  writePublish(target, 0, outgoing, 4)
  return target
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length]
  ends.sort((a, b) => a - b)
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

function refusal(code: number): (error: unknown) => boolean {
  return (error) => error instanceof PacketError && error.reasonCode === code
}

test('packets are the same in any chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12, size: 'max' }),
      (payloads, positions) => {
        const bytes = Buffer.concat(payloads.map((payload) => encodePublish('t', payload)))
        const reader = readerOf(4)
        const packets = readPackets(reader, cut(bytes, positions))
        const read = packets.map(({ payload }) => Buffer.from(payload as string, 'latin1'))
        assert.deepEqual(
          read,
          payloads.map((payload) => Buffer.from(payload)),
        )
        assert.equal(reader.isInsidePacket, false)
      },
    ),
  )
})

test('what is left of a chunk gets memory of its own from keepRest()', () => {
  const chunk = Buffer.concat([
    encodePublish('a', Buffer.from('1')),
    encodePublish('b', Buffer.from('2')),
  ])
  const reader = readerOf(4)
  reader.push(chunk)
  assert.equal(reader.next(), true)
  reader.keepRest()
  chunk.fill(0)
  reader.push(encodePublish('c', Buffer.from('3')))
  const topics = readPackets(reader, []).concat()
  while (reader.next()) {
    const publish = new PublishPacket()
    readPublish(reader, publish)
    topics.push({ name: publish.buffer.toString('utf8', publish.topicStart, publish.topicEnd) })
  }
  assert.deepEqual(topics, [{ name: 'b' }, { name: 'c' }])
})

test('a large packet has a page of its own, which is given back with the next one', () => {
  const payload = Buffer.alloc(memoryLimits.pageSizeMin * 3, 'pabal')
  const bytes = encodePublish('t', payload)
  const reader = readerOf(4)
  const step = Math.ceil(bytes.length / 20)
  for (let start = 0; start < bytes.length; start += step) {
    reader.push(bytes.subarray(start, start + step))
    assert.equal(reader.next(), start + step >= bytes.length)
  }
  assert.equal(reader.isOwn, true)
  const page = reader.buffer
  const publish = new PublishPacket()
  readPublish(reader, publish)
  assert.ok(publish.buffer.subarray(publish.payloadStart, publish.payloadEnd).equals(payload))
  assert.equal(pagePool.retain(page), true, 'whoever keeps it retains it')
  assert.equal(reader.next(), false)
  assert.equal(reader.isOwn, false)
  assert.ok(page.subarray(-payload.length).equals(payload))
  pagePool.release(page)
})

test('what was only announced takes no room', () => {
  const reader = new PacketReader('client', 0x1000_0004)
  reader.version = 4
  readPackets(reader, [Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61])])
  assert.equal(reader.heldSize, 8)
  reader.close()
  assert.equal(reader.heldSize, 0)
})

test('[MQTT-3.1.2-24] a packet larger than the limit is refused before its bytes come', () => {
  for (const chunks of [[[0x30, 0xc1, 0x84, 0x3d]], [[0x30], [0xc1], [0x84], [0x3d]]]) {
    const reader = readerOf(5)
    assert.throws(
      () =>
        readPackets(
          reader,
          chunks.map((bytes) => Buffer.from(bytes)),
        ),
      refusal(reasonCode.packetTooLarge),
    )
  }
  // Just as large as it may be, all of it counted.
  const bytes = Buffer.alloc(sizeMax)
  bytes.set([0x30, 0xbc, 0x84, 0x3d, 0, 1, 0x61])
  assert.equal(readPackets(readerOf(4), [bytes]).length, 1)
})

test('[MQTT-1.5.5-1] numbers take no more bytes than they need, in MQTT 5', () => {
  const bytes = Buffer.from([0xc0, 0x80, 0x00])
  assert.throws(() => readPackets(readerOf(5), [bytes]), refusal(reasonCode.malformedPacket))
  assert.equal(readPackets(readerOf(4), [bytes]).length, 1)
})

test('a fifth byte of the remaining length is malformed', () => {
  const bytes = Buffer.from([0xc0, 0x80, 0x80, 0x80, 0x80])
  assert.throws(() => readPackets(readerOf(4), [bytes]), refusal(reasonCode.malformedPacket))
})

test('[MQTT-3.1.0-1] [MQTT-3.1.0-2] the first packet is CONNECT, and no other is', () => {
  const reader = new PacketReader('client', sizeMax)
  assert.throws(() => readPackets(reader, [Buffer.from([0xc0])]), refusal(reasonCode.protocolError))
  assert.throws(
    () => readPackets(readerOf(5), [Buffer.from([0x10])]),
    refusal(reasonCode.protocolError),
  )
})

test('MQTT 3.1 leaves flags to the sender that it has no use for', () => {
  // SUBSCRIBE and PUBREL that are sent again.
  const bytes = Buffer.from([0x8a, 6, 0, 1, 0, 1, 0x61, 0, 0x6a, 2, 0, 1])
  assert.equal(readPackets(readerOf(3), [bytes]).length, 2)
  assert.throws(() => readPackets(readerOf(4), [bytes]), refusal(reasonCode.malformedPacket))
})

test('takeFromPacket gives the packet and all that came after it', () => {
  const first = encodePublish('first', Buffer.from('1'))
  const second = encodePublish('second', Buffer.from('2'))
  for (const chunks of [
    [Buffer.concat([first, second])],
    [first.subarray(0, 3), Buffer.concat([first.subarray(3), second])],
  ]) {
    const reader = readerOf(4)
    let isThere = false
    for (const chunk of chunks) {
      reader.push(chunk)
      isThere = reader.next()
    }
    assert.equal(isThere, true)
    assert.deepEqual(reader.takeFromPacket(), Buffer.concat([first, second]))
  }
})
