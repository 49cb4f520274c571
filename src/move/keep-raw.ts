// Makes a connection of amqplib hand messages over as they are on the wire: address and content header are not
// decoded, so no type of a header, no order and no byte gets lost. It also bounds what has arrived and was not
// used yet: while `isHeld`, nothing is read, and what the source sends next waits in its socket.
import type { RawMessage } from '../record/message/message-block.ts'

const frame = { method: 1, header: 2, beforePayload: 7, end: 1 } as const
const basicProperties = 60
const basicDeliver = 0x3c_003c

/** What amqplib's own methods look at in a frame. */
interface Frame {
  readonly id: number
  readonly channel: number
  readonly size?: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** The inside of amqplib's Connection. */
interface ReadingConnection {
  rest: Buffer
  readonly stream: NodeJS.EventEmitter
  recvFrame(): Frame | false
}

/** The parts of a message from such a connection, where amqplib has its decoded ones. */
interface RawDelivery {
  readonly fields: { readonly address: Buffer; readonly deliveryTag: number }
  readonly properties: { readonly header: Buffer }
  readonly content: Buffer
}

export interface RawReading {
  /** Reads on, when it was held. */
  resume(): void
}

/** `connection` is that of a `ChannelModel`. Throws when it is not as this needs it. */
export function keepRaw(connection: unknown, isHeld: () => boolean): RawReading {
  if (!isReadingConnection(connection)) throw new Error('this amqplib is not the one expected here')
  const readDecoded = connection.recvFrame.bind(connection)
  connection.recvFrame = () => {
    if (isHeld()) return false
    const raw = rawFrame(connection.rest)
    if (raw === undefined) return readDecoded()
    connection.rest = connection.rest.subarray(frame.beforePayload + raw.payloadSize + frame.end)
    return raw.frame
  }
  return { resume: () => void connection.stream.emit('readable') }
}

/** A message that a consumer of such a connection was called with. */
export function rawMessage(delivered: unknown): RawMessage & { readonly deliveryTag: number } {
  const { fields, properties, content } = delivered as RawDelivery
  const { address, deliveryTag } = fields
  return { address, header: properties.header, body: content, deliveryTag }
}

function isReadingConnection(connection: unknown): connection is ReadingConnection {
  const { rest, stream, recvFrame } = connection as Partial<ReadingConnection>
  return Buffer.isBuffer(rest) && typeof recvFrame === 'function' && stream !== undefined
}

/** The first frame of `bytes`, when it is whole and a delivery or its content header. */
function rawFrame(bytes: Buffer): { frame: Frame; payloadSize: number } | undefined {
  if (bytes.length < frame.beforePayload) return undefined
  const payloadSize = bytes.readUInt32BE(3)
  if (bytes.length < frame.beforePayload + payloadSize + frame.end) return undefined
  const payload = bytes.subarray(frame.beforePayload, frame.beforePayload + payloadSize)
  const channel = bytes.readUInt16BE(1)
  if (bytes[0] === frame.header) {
    const header = Buffer.from(payload)
    const size = Number(payload.readBigUInt64BE(4))
    return { frame: { id: basicProperties, channel, size, fields: { header } }, payloadSize }
  }
  if (bytes[0] !== frame.method || payload.readUInt32BE(0) !== basicDeliver) return undefined
  return { frame: { id: basicDeliver, channel, fields: readDeliver(payload) }, payloadSize }
}

/** basic.deliver: consumer tag, delivery tag, redelivered, and the address in the form that is stored. */
function readDeliver(payload: Buffer): Readonly<Record<string, unknown>> {
  const tagStart = 5
  const tagEnd = tagStart + payload[tagStart - 1]!
  return {
    consumerTag: payload.toString('utf8', tagStart, tagEnd),
    deliveryTag: Number(payload.readBigUInt64BE(tagEnd)),
    address: Buffer.from(payload.subarray(tagEnd + 9)),
  }
}
