// The eight bytes a client sends first (AMQP 0-9-1 §4.2.2), and what a server that does not speak the
// version asked for answers before it closes. One port may be shared with other AMQP versions.

/** Bytes of a protocol header. */
export const PROTOCOL_HEADER_SIZE = 8

export type ProtocolHeader = { readonly accepted: true } | RefusedProtocolHeader

/** The server writes `answer` and closes. */
export interface RefusedProtocolHeader {
  readonly accepted: false
  readonly answer: Buffer
}

const accepted: ProtocolHeader = { accepted: true }
const header091 = protocolHeader(0, 0, 9, 1)
const header10Sasl = protocolHeader(3, 1, 0, 0)

/** Judges the header at `buffer[start, start + 8)`. `AMQP 1 1 0 9` is how 0-9 clients spell 0-9-1. */
export function parseProtocolHeader(buffer: Buffer, start: number): ProtocolHeader {
  if (matches(buffer, start, header091) || matches(buffer, start, protocolHeader(1, 1, 0, 9))) {
    return accepted
  }
  return { accepted: false, answer: Buffer.from(answerTo(buffer, start)) }
}

/** The header a client opens an AMQP 0-9-1 connection with. */
export function encodeProtocolHeader(): Buffer {
  return Buffer.from(header091)
}

// RabbitMQ answers its newest protocol, `AMQP 3 1 0 0`, to all it does not know, and clients look for
// that. Only who asked for AMQP 1.0 gets 0-9-1 instead: its own header back would be a yes.
function answerTo(buffer: Buffer, start: number): Buffer {
  if (!matches(buffer, start, header091.subarray(0, 4))) {
    return header10Sasl
  }
  const [id, major, minor = 0] = buffer.subarray(start + 4, start + 7)
  const asksFor09 = id === 0 && major === 0 && minor >= 9
  const asksFor10 = major === 1 && minor === 0
  return asksFor09 || asksFor10 ? header091 : header10Sasl
}

function matches(buffer: Buffer, start: number, expected: Buffer): boolean {
  return buffer.compare(expected, 0, expected.length, start, start + expected.length) === 0
}

function protocolHeader(id: number, major: number, minor: number, revision: number): Buffer {
  return Buffer.from([0x41, 0x4d, 0x51, 0x50, id, major, minor, revision])
}
