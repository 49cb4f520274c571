// Golden vectors in four directions, from one table: read, written, one byte a chunk, many in a chunk.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytesOf,
  type PacketVector,
  packetVectors,
} from '../../../test/support/mqtt/packet-vectors.ts'
import { readPackets } from '../../../test/support/mqtt/read-packet.ts'
import { writePacket } from '../../../test/support/mqtt/write-packet.ts'
import { PacketReader } from './packet-reader.ts'

const sizeMax = 1_000_000

function readerFor({ version, sender, packet }: PacketVector): PacketReader {
  const reader = new PacketReader(sender, sizeMax)
  if (packet.name !== 'CONNECT') reader.version = version
  return reader
}

for (const vector of packetVectors) {
  const bytes = bytesOf(vector)
  test(`${vector.name} is read`, () => {
    assert.deepEqual(readPackets(readerFor(vector), [bytes], vector.sender), [vector.packet])
  })
  test(`${vector.name} is written`, () => {
    const written = writePacket(vector.packet, vector.version, vector.sender)
    assert.equal(written.toString('hex'), bytes.toString('hex'))
  })
  test(`${vector.name} is read from one byte a chunk`, () => {
    const reader = readerFor(vector)
    const chunks = [...bytes].map((byte) => Buffer.from([byte]))
    assert.deepEqual(readPackets(reader, chunks, vector.sender), [vector.packet])
    assert.equal(reader.isInsidePacket, false)
  })
}

for (const version of [4, 5] as const) {
  for (const sender of ['client', 'server'] as const) {
    const vectors = packetVectors.filter(
      (vector) => vector.version === version && vector.sender === sender,
    )
    const [first, ...others] = vectors.toSorted(
      (a, b) => Number(b.packet.name === 'CONNECT') - Number(a.packet.name === 'CONNECT'),
    )
    const all = [first!, ...others.filter(({ packet }) => packet.name !== 'CONNECT')]
    const bytes = Buffer.concat(all.map(bytesOf))
    const packets = all.map(({ packet }) => packet)

    test(`all packets of a ${sender} of version ${version} are read from one chunk`, () => {
      assert.deepEqual(readPackets(readerFor(first!), [bytes], sender), packets)
    })
    test(`all packets of a ${sender} of version ${version} are read wherever they are cut`, () => {
      for (let at = 0; at <= bytes.length; at++) {
        const chunks = [bytes.subarray(0, at), bytes.subarray(at)]
        assert.deepEqual(readPackets(readerFor(first!), chunks, sender), packets)
      }
    })
  }
}
