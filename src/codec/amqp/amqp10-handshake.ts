// How a client of AMQP 1.0 hears that it is not spoken here (AMQP 1.0, part 2.2 and 2.4; 5.3 for SASL):
//   header, sasl-init, header … → header, mechanisms … outcome … header, open, close with an error
// Whatever it logs in with is taken: it is told before it could do anything.
import { amqpLimits } from '../../limits/amqp.ts'
import { type ForeignHandshake, refusalOf } from './foreign-handshake.ts'

const plainHeader = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1')
const saslHeader = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1')
const frameHeaderSize = 8
const nothing = Buffer.alloc(0)

const frameTypes = { amqp: 0, sasl: 1 } as const
/** Descriptors of what frames and errors hold. */
const kinds = { open: 0x10, close: 0x18, error: 0x1d, mechanisms: 0x40, outcome: 0x44 } as const

/** Whether a client begins with this protocol, with or without a login. */
export function isAmqp10Header(bytes: Buffer): boolean {
  return bytes.equals(plainHeader) || bytes.equals(saslHeader)
}

export class Amqp10Handshake implements ForeignHandshake {
  readonly protocol = 'AMQP 1.0'
  needed: number = plainHeader.length
  #expected: 'header' | 'sasl-frame' | 'sasl-init' = 'header'

  take(bytes: Buffer): Buffer {
    switch (this.#expected) {
      case 'header':
        return this.#onHeader(bytes)
      case 'sasl-frame':
        return this.#onSaslFrame(bytes)
      default:
        this.#expect('header', plainHeader.length)
        return outcome
    }
  }

  #onHeader(bytes: Buffer): Buffer {
    if (bytes.equals(saslHeader)) {
      this.#expect('sasl-frame', frameHeaderSize)
      return Buffer.concat([saslHeader, mechanisms])
    }
    this.needed = 0
    return bytes.equals(plainHeader) ? Buffer.concat([plainHeader, open, close]) : nothing
  }

  #onSaslFrame(bytes: Buffer): Buffer {
    const size = bytes.readUInt32BE(0)
    const isUsual = size > frameHeaderSize && size <= amqpLimits.handshakeFrameSizeMax
    this.#expect('sasl-init', isUsual ? size - frameHeaderSize : 0)
    return nothing
  }

  #expect(what: 'header' | 'sasl-frame' | 'sasl-init', size: number): void {
    this.#expected = what
    this.needed = size
  }
}

const mechanisms = frame(frameTypes.sasl, list(kinds.mechanisms, symbols(['PLAIN', 'ANONYMOUS'])))
/** Code 0: ok. */
const outcome = frame(frameTypes.sasl, list(kinds.outcome, Buffer.from([0x50, 0])))
const open = frame(frameTypes.amqp, list(kinds.open, string('Pabal')))
const close = frame(
  frameTypes.amqp,
  list(
    kinds.close,
    list(kinds.error, symbol('amqp:not-implemented'), string(refusalOf('AMQP 1.0'))),
  ),
)

function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(frameHeaderSize)
  header.writeUInt32BE(frameHeaderSize + body.length, 0)
  // The body begins after two words.
  header[4] = 2
  header[5] = type
  return Buffer.concat([header, body])
}

/** A described list; what follows the fields given is absent. */
function list(kind: number, ...fields: readonly Buffer[]): Buffer {
  const content = Buffer.concat(fields)
  const start = Buffer.from([0x00, 0x53, kind, 0xc0, content.length + 1, fields.length])
  return Buffer.concat([start, content])
}

function string(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xa1, text.length]), Buffer.from(text, 'latin1')])
}

function symbol(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xa3, text.length]), Buffer.from(text, 'latin1')])
}

function symbols(texts: readonly string[]): Buffer {
  const items = texts.map((text) => Buffer.from(String.fromCharCode(text.length) + text, 'latin1'))
  const content = Buffer.concat([Buffer.from([texts.length, 0xa3]), ...items])
  return Buffer.concat([Buffer.from([0xe0, content.length]), content])
}
