// MESSAGE frames of one subscription (STOMP 1.2 "MESSAGE"). Lines that the last message had as well are not made again.
// Small bodies are copied into the connection's slab, larger ones are sent from where they are.
import type { StompVersion } from '../../codec/stomp/stomp-version.ts'
import { frameEnd, headerLine } from '../../codec/stomp/write-frame.ts'
import { copyBytes } from '../../lib/copy-bytes.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { clientLimits } from '../../limits/clients.ts'
import { decodeAddress } from '../../record/message/address.ts'
import {
  CONTENT_FLAGS_POSITION,
  CONTENT_HEADER_SIZE_MIN,
} from '../../record/message/content-header.ts'
import { bytesOfText } from '../../record/message/name-bytes.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Output } from '../output.ts'
import { formatDestination } from './destination.ts'
import { headerLinesOf } from './message-properties.ts'

export interface MessageWriterOptions {
  readonly version: StompVersion
  /** `session` of CONNECTED. */
  readonly session: string
  /** The subscription's tag and id. */
  readonly tag: string
  readonly id: string | undefined
  /** Whether the client has to ack. */
  readonly isAcked: boolean
  readonly topicExchange: string
}

export interface MessageDelivery {
  readonly tag: number
  readonly isRedelivered: boolean
  /** Lines of the broker's own about this delivery. */
  readonly extraLines: string
}

/** A cache of larger ones is not worth its memory. */
const keptHeaderSizeMax = 1024

export class MessageWriter {
  readonly #options: MessageWriterOptions
  readonly #start: string
  /** Of message ids: everything but the delivery's tag. */
  readonly #idStart: string
  #address: Buffer = Buffer.alloc(0)
  #addressLine = ''
  /** Flags and properties of a content header, and their lines. */
  #header: Buffer = Buffer.alloc(0)
  #headerLines = ''

  constructor(options: MessageWriterOptions) {
    const { version, session, tag, id } = options
    this.#options = options
    this.#start = 'MESSAGE\n' + (id === undefined ? '' : headerLine('subscription', id, version))
    // Escaped as a value, and the name taken off again.
    this.#idStart = headerLine('', `${tag}@@${session}@@`, version).slice(1, -1)
  }

  write(
    output: Output,
    { tag, isRedelivered, extraLines }: MessageDelivery,
    record: RecordView,
  ): void {
    const { isAcked, version } = this.#options
    const { body, bodyStart, bodyEnd } = record
    const bodySize = bodyEnd - bodyStart
    const messageId = `${this.#idStart}${tag}`
    const lines =
      this.#start +
      this.#addressLineOf(record) +
      `message-id:${messageId}\nredelivered:${isRedelivered}\n` +
      // From 1.2 on an ACK names this instead of the message's id.
      (isAcked && version === '1.2' ? `ack:${messageId}\n` : '') +
      extraLines +
      this.#headerLinesOf(record) +
      (bodySize > 0 ? `content-length:${bodySize}\n\n` : '\n')
    const head = bytesOfText(lines)
    const headSize = Buffer.byteLength(head)
    const isCopied = bodySize <= clientLimits.copiedBodySizeMax
    const start = output.reserve(headSize + (isCopied ? bodySize : 0) + frameEnd.length)
    const { buffer } = output
    let position = start + headSize
    if (typeof head === 'string') buffer.write(head, start, headSize, 'utf8')
    else buffer.set(head, start)
    if (!isCopied) {
      output.advance(position)
      if (pagePool.retain(body)) output.releaseOnceSent(body)
      output.appendView(body.subarray(bodyStart, bodyEnd))
      output.appendView(frameEnd)
      return
    }
    position = copyBytes(body, bodyStart, bodyEnd, buffer, position)
    output.advance(copyBytes(frameEnd, 0, frameEnd.length, buffer, position))
  }

  #addressLineOf({ buffer, addressStart, headerStart }: RecordView): string {
    if (isSame(this.#address, buffer, addressStart, headerStart)) return this.#addressLine
    const { version, topicExchange } = this.#options
    const destination = formatDestination(decodeAddress(buffer, addressStart), topicExchange)
    this.#address = Buffer.from(buffer.subarray(addressStart, headerStart))
    this.#addressLine = headerLine('destination', destination, version)
    return this.#addressLine
  }

  /** The size of the body stands before the flags, and says nothing here. */
  #headerLinesOf(record: RecordView): string {
    const { buffer, headerStart, headerEnd } = record
    if (headerEnd - headerStart === CONTENT_HEADER_SIZE_MIN) return ''
    const start = headerStart + CONTENT_FLAGS_POSITION
    if (isSame(this.#header, buffer, start, headerEnd)) return this.#headerLines
    const lines = headerLinesOf(record, this.#options.version)
    if (headerEnd - start > keptHeaderSizeMax) return lines
    this.#header = Buffer.from(buffer.subarray(start, headerEnd))
    this.#headerLines = lines
    return lines
  }
}

function isSame(known: Buffer, buffer: Buffer, start: number, end: number): boolean {
  return known.length === end - start && known.compare(buffer, start, end) === 0
}
