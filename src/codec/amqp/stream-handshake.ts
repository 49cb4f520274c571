// How a client of RabbitMQ's stream protocol hears that it is not spoken here: its first frame,
// PeerProperties, is answered as usual, and then the connection is closed with the reason. Source:
// rabbitmq_stream/docs/PROTOCOL.adoc.
import { amqpLimits } from '../../limits/amqp.ts'
import { type ForeignHandshake, refusalOf } from './foreign-handshake.ts'

const startSize = 8
const version = 1
const keys = { peerProperties: 0x0011, peerPropertiesAnswer: 0x8011, close: 0x0016 } as const
const codes = { ok: 1, preconditionFailed: 0x11 } as const

/** Size, key and version of a frame with which such a client begins. */
export function isStreamFrame(bytes: Buffer): boolean {
  const size = bytes.readUInt32BE(0)
  return (
    size >= startSize &&
    size <= amqpLimits.handshakeFrameSizeMax &&
    bytes.readUInt16BE(4) === keys.peerProperties &&
    bytes.readUInt16BE(6) === version
  )
}

export class StreamHandshake implements ForeignHandshake {
  readonly protocol = "RabbitMQ's stream protocol"
  needed: number = startSize
  #isStarted = false

  take(bytes: Buffer): Buffer {
    if (!this.#isStarted) {
      this.#isStarted = true
      // The size counts neither itself nor key and version, which are here.
      this.needed = bytes.readUInt32BE(0) - 4
      return Buffer.alloc(0)
    }
    this.needed = 0
    const correlationId = bytes.subarray(0, 4)
    const reason = refusalOf(this.protocol)
    const properties = [uint32(2), string('product'), string('Pabal')]
    return Buffer.concat([
      frame(
        keys.peerPropertiesAnswer,
        correlationId,
        uint16(codes.ok),
        ...properties,
        string('information'),
        string(reason),
      ),
      frame(keys.close, uint32(1), uint16(codes.preconditionFailed), string(reason)),
    ])
  }
}

function frame(key: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat([uint16(key), uint16(version), ...parts])
  return Buffer.concat([uint32(content.length), content])
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function string(text: string): Buffer {
  return Buffer.concat([uint16(text.length), Buffer.from(text, 'latin1')])
}
