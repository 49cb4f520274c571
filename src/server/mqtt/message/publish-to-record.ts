// A PUBLISH → a message as logs keep it: its address, which is the exchange and the topic as a routing key, a content
// header of AMQP, and the payload where it is. One that says nothing more costs no table and no object.
import { noProperties, type Properties } from '../../../codec/mqtt/properties.ts'
import { encodeAddress } from '../../../record/message/address.ts'
import { encodeContentHeader } from '../../../record/message/content-header.ts'
import type { RecordSource } from '../../../record/message/record-source.ts'
import { toBasicProperties } from './message-properties.ts'

/** What a PUBLISH, or the will of a CONNECT, has. Views are good only during the call. */
export interface PublishedMessage {
  readonly qos: number
  readonly isRetained: boolean
  readonly buffer: Buffer
  readonly payloadStart: number
  readonly payloadEnd: number
  readonly properties: Readonly<Properties>
}

/** Bytes of `bytes[start, end)`. */
export interface BytesView {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

const keySizeMax = 255
const [slash, dot, plus, star] = [0x2f, 0x2e, 0x2b, 0x2a]
/** Where the size of the body is in a content header. */
const bodySizePosition = 4

export class PublishToRecord {
  /** Exchange, size of the key, and room for the longest key. */
  readonly #address: Buffer
  readonly #keySizePosition: number
  /** By QoS, and that again for retained ones: what most messages have. */
  readonly #plainHeaders: readonly Buffer[]

  /** For messages to this exchange. */
  constructor(exchange: string) {
    const prefix = encodeAddress(exchange, '')
    this.#keySizePosition = prefix.length - 1
    this.#address = Buffer.concat([prefix, Buffer.alloc(keySizeMax)])
    this.#plainHeaders = [false, true].flatMap((isRetained) =>
      [0, 1, 2].map((qos) =>
        encodeContentHeader(
          0,
          toBasicProperties({ qos, isRetained, topic: undefined }, noProperties),
        ),
      ),
    )
  }

  /**
   * Makes `source` the message; it is good until the next call, and as long as the views are. `topic` is a topic name,
   * whatever alias stood for it. False for one that is too long for a routing key (reason code 0x90).
   */
  convert(message: PublishedMessage, topic: BytesView, source: RecordSource): boolean {
    const { qos, isRetained, properties, buffer, payloadStart, payloadEnd } = message
    if (topic.end - topic.start > keySizeMax) return false
    const isExact = this.#writeKey(topic, source)
    source.topic = isExact ? undefined : topic.buffer.toString('utf8', topic.start, topic.end)
    const size = payloadEnd - payloadStart
    const header =
      isExact && properties === noProperties
        ? this.#plainHeader(qos, isRetained, size)
        : encodeContentHeader(
            size,
            toBasicProperties({ qos, isRetained, topic: source.topic }, properties),
          )
    source.header = header
    source.headerStart = 0
    source.headerEnd = header.length
    source.body = buffer
    source.bodyStart = payloadStart
    source.bodyEnd = payloadEnd
    return true
  }

  /** Whether the key leads back to the topic. */
  #writeKey({ buffer, start, end }: BytesView, source: RecordSource): boolean {
    const address = this.#address
    let position = this.#keySizePosition
    address[position++] = end - start
    let isExact = true
    for (let at = start; at < end; at++) {
      const byte = buffer[at] as number
      if (byte === dot || byte === star) isExact = false
      address[position++] = byte === slash ? dot : byte === plus ? star : byte
    }
    source.address = address
    source.addressStart = 0
    source.addressEnd = position
    return isExact
  }

  #plainHeader(qos: number, isRetained: boolean, bodySize: number): Buffer {
    const header = this.#plainHeaders[isRetained ? 3 + qos : qos] as Buffer
    // A packet has less than 2^32 bytes.
    header.writeUInt32BE(bodySize, bodySizePosition + 4)
    return header
  }
}
