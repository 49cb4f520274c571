// Streams that are nearly right: whatever is changed in one, a reader gives the same packets and the same refusal
// whether the stream comes whole or byte by byte, and throws nothing but PacketError.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { anyPacket } from '../../../test/support/mqtt/packet-arbitrary.ts'
import { readPacket, type ReadPacket } from '../../../test/support/mqtt/read-packet.ts'
import { writePacket } from '../../../test/support/mqtt/write-packet.ts'
import { PacketError } from './packet-error.ts'
import { PacketReader } from './packet-reader.ts'
import type { MqttVersion, Sender } from './packet-type.ts'

interface Stream {
  readonly version: MqttVersion | 0
  readonly sender: Sender
  readonly bytes: Buffer
}

const mutation = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), kind: fc.nat({ max: 2 }) })

const stream: fc.Arbitrary<Stream> = fc
  .tuple(anyPacket, fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([{ version, sender, packet }, mutations]) => {
    let bytes = writePacket(packet, version, sender)
    for (const { at, byte, kind } of mutations) {
      const place = at % (bytes.length + 1)
      const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)]
      const added = kind === 0 ? after.subarray(1) : kind === 1 ? after : after.subarray(2)
      bytes = Buffer.concat([before, ...(kind === 2 ? [] : [Buffer.from([byte])]), added])
    }
    return { version: packet.name === 'CONNECT' ? 0 : version, sender, bytes }
  })

function outcomeOf({ version, sender }: Stream, chunks: readonly Buffer[]): unknown {
  const reader = new PacketReader(sender, 10_000)
  reader.version = version
  const packets: ReadPacket[] = []
  try {
    for (const chunk of chunks) {
      reader.push(chunk)
      while (reader.next()) packets.push(readPacket(reader, sender))
      reader.keepRest()
    }
    return { packets, held: reader.heldSize }
  } catch (error) {
    if (!(error instanceof PacketError)) throw error
    return { packets, code: error.reasonCode, text: error.message }
  }
}

test('a stream that is changed anywhere is refused or read, however it comes', () => {
  fc.assert(
    fc.property(stream, (changed) => {
      const single = [...changed.bytes].map((byte) => Buffer.from([byte]))
      assert.deepEqual(outcomeOf(changed, single), outcomeOf(changed, [changed.bytes]))
    }),
    { numRuns: 1000 },
  )
})
