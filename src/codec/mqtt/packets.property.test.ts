// Whatever packet is written is read as it was, in whatever chunks it comes, and the npm package mqtt-packet reads and
// writes the same: it is another program's opinion, which is kept to what it gets right.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { anyPacket, type WrittenPacket } from '../../../test/support/mqtt/packet-arbitrary.ts'
import { canPeerTell, describePeer, toPeer } from '../../../test/support/mqtt/packet-peer.ts'
import { readPackets, type ReadPacket } from '../../../test/support/mqtt/read-packet.ts'
import { writePacket } from '../../../test/support/mqtt/write-packet.ts'
import { PacketReader } from './packet-reader.ts'

function readerFor({ version, sender, packet }: WrittenPacket): PacketReader {
  const reader = new PacketReader(sender, 1_000_000)
  if (packet.name !== 'CONNECT') reader.version = version
  return reader
}

test('a packet is read as it was written, in any chunks', () => {
  fc.assert(
    fc.property(anyPacket, fc.nat(), (written, at) => {
      const bytes = writePacket(written.packet, written.version, written.sender)
      const cut = at % (bytes.length + 1)
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)]
      assert.deepEqual(readPackets(readerFor(written), chunks, written.sender), [written.packet])
    }),
    { numRuns: 1000 },
  )
})

test('mqtt-packet reads what is written here, and writes what is read here', () => {
  fc.assert(
    fc.property(anyPacket, (written) => {
      const { version, sender, packet } = written
      fc.pre(canPeerTell(packet))
      const bytes = writePacket(packet, version, sender)
      const read: mqttPacket.Packet[] = []
      const parser = mqttPacket.parser({ protocolVersion: version })
      parser.on('packet', (one) => read.push(one))
      parser.on('error', (error) => assert.fail(error))
      parser.parse(bytes)
      assert.deepEqual(read.map(describePeer), [describePeer(toPeer(packet))])
      const rewritten = mqttPacket.generate(toPeer(packet), { protocolVersion: version })
      const again: ReadPacket[] = readPackets(readerFor(written), [rewritten], sender)
      assert.deepEqual(again, [packet])
    }),
    { numRuns: 500 },
  )
})
