// A basic.publish on its way in: method, then header, then body frames (AMQP 0-9-1 §4.2.6). What is
// known after each frame is copied here, because the frame's memory belongs to the socket; a body
// that comes in one frame is not copied at all.
import { copyBytes } from '../../lib/copy-bytes.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { CodecError } from '../../record/codec-error.ts'
import { addressSizeAt } from '../../record/message/address.ts'
import {
  CONTENT_HEADER_SIZE_MIN,
  readBodySize,
  validateContentHeader,
} from '../../record/message/content-header.ts'
import { CLASS_BASIC } from '../../record/message/properties.gen.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { ProtocolError } from './reply.ts'

const empty = Buffer.alloc(0)
const methodIdSize = 4
const ticketSize = 2
const mandatoryBit = 0b01
const immediateBit = 0b10
/** Memory for a larger header is not kept for the next one. */
const keptHeaderSizeMax = 4096

export class PublishState {
  at: 'idle' | 'header' | 'body' = 'idle'
  isMandatory = false
  isImmediate = false
  /** exchange ‖ routing key of the last publish. */
  address: Buffer = Buffer.allocUnsafe(64)
  addressEnd = 0
  /** Payload of the last content header. */
  header: Buffer = Buffer.allocUnsafe(64)
  headerEnd = 0
  bodySize = 0
  /** The body as far as it has come; empty while it may come in one frame. */
  #body: Buffer = empty
  #bodyFilled = 0
  readonly #bodySizeMax: number

  constructor(bodySizeMax: number) {
    this.#bodySizeMax = bodySizeMax
  }

  /** The body is larger than the broker takes: it was read and dropped. */
  get isTooLarge(): boolean {
    return this.bodySize > this.#bodySizeMax
  }

  /** Bytes that the message takes which is coming in; 0 as long as they are few. */
  get heldSize(): number {
    const headerSize = this.header.length > keptHeaderSizeMax ? this.header.length : 0
    return headerSize + (this.#body === empty ? 0 : this.#bodyFilled)
  }

  /** Nothing more of the message comes. */
  release(): void {
    pagePool.release(this.#body)
    this.#body = empty
    this.#bodyFilled = 0
    this.#dropLargeHeader()
    this.at = 'idle'
  }

  /** Takes the arguments of a basic.publish whose method frame's payload is `buffer[start, end)`. */
  onMethod(buffer: Buffer, start: number, end: number): void {
    const from = start + methodIdSize + ticketSize
    const size = addressSizeAt(buffer, from, end)
    if (size < 0 || from + size + 1 !== end) {
      throw new CodecError('frame_error', 'cannot decode the arguments of basic.publish', end)
    }
    this.address = copyInto(this.address, buffer, from, from + size)
    this.addressEnd = size
    const bits = buffer[from + size]!
    this.isMandatory = (bits & mandatoryBit) !== 0
    this.isImmediate = (bits & immediateBit) !== 0
    this.at = 'header'
    this.#dropLargeHeader()
  }

  /** Takes a content header; true when there is no body to wait for. */
  onHeader(buffer: Buffer, start: number, end: number): boolean {
    if (this.at !== 'header') throw unexpectedFrame(this.at)
    checkClass(buffer, start, end)
    validateContentHeader(buffer, start, end)
    this.header = copyInto(this.header, buffer, start, end)
    this.headerEnd = end - start
    this.bodySize = readBodySize(buffer, start)
    this.#bodyFilled = 0
    this.at = this.bodySize === 0 ? 'idle' : 'body'
    return this.bodySize === 0
  }

  /**
   * Takes a body frame; true when the body is complete and `source` points at it. A body with memory of
   * its own (`isBodyOwn`) is retained: release it (`PagePool.release`).
   */
  onBody(buffer: Buffer, start: number, end: number, source: RecordSource): boolean {
    if (this.at !== 'body') throw unexpectedFrame(this.at)
    const filled = this.#bodyFilled + end - start
    if (filled > this.bodySize) {
      throw new ProtocolError('frame_error', `content body of more than ${this.bodySize} bytes`)
    }
    const isComplete = filled === this.bodySize
    if (isComplete && this.#bodyFilled === 0) setBody(source, buffer, start, end)
    else this.#gather(buffer, start, end)
    this.#bodyFilled = filled
    if (!isComplete) return false
    this.at = 'idle'
    if (filled !== end - start) {
      setBody(source, this.#body, 0, this.isTooLarge ? 0 : filled)
      source.isBodyOwn = true
      this.#body = empty
    }
    return true
  }

  /** Points `source` at address and header, and at no body. */
  fill(source: RecordSource): void {
    source.address = this.address
    source.addressStart = 0
    source.addressEnd = this.addressEnd
    source.header = this.header
    source.headerStart = 0
    source.headerEnd = this.headerEnd
    source.asideId = 0
  }

  #dropLargeHeader(): void {
    if (this.header.length > keptHeaderSizeMax) this.header = Buffer.allocUnsafe(64)
  }

  #gather(buffer: Buffer, start: number, end: number): void {
    if (this.isTooLarge) return
    const needed = this.#bodyFilled + end - start
    if (needed > this.#body.length) {
      // Grows with what has really come: a large size in a header alone costs nothing.
      // By leaps, because what is there must be copied each time.
      const room = Math.max(needed * 8, 64 * 1024)
      // What is nearly all of it is not worth another leap.
      const larger = pagePool.take(room * 2 >= this.bodySize ? this.bodySize : room)
      this.#body.copy(larger, 0, 0, this.#bodyFilled)
      pagePool.release(this.#body)
      this.#body = larger
    }
    buffer.copy(this.#body, this.#bodyFilled, start, end)
  }
}

export function setBody(source: RecordSource, body: Buffer, start: number, end: number): void {
  source.body = body
  source.bodyStart = start
  source.bodyEnd = end
  source.isBodyOwn = false
}

/** The frame that came is not the one that had to come (AMQP 0-9-1 §4.2.6, reply 505). */
export function unexpectedFrame(at: PublishState['at']): ProtocolError {
  const texts = {
    idle: 'expected method frame, got non method frame instead',
    header: `expected content header for class ${CLASS_BASIC}, got non content header frame instead`,
    body: 'expected content body, got non content body frame instead',
  }
  return new ProtocolError('unexpected_frame', texts[at])
}

function checkClass(buffer: Buffer, start: number, end: number): void {
  if (end - start < CONTENT_HEADER_SIZE_MIN) return
  const classId = buffer.readUInt16BE(start)
  if (classId === CLASS_BASIC) return
  throw new ProtocolError(
    'unexpected_frame',
    `expected content header for class ${CLASS_BASIC}, got one for class ${classId} instead`,
  )
}

/** Copies into `target` when it is large enough, else into a new buffer; returns where it is. */
function copyInto(target: Buffer, source: Buffer, start: number, end: number): Buffer {
  const size = end - start
  const into = target.length >= size ? target : Buffer.allocUnsafe(size * 2)
  copyBytes(source, start, end, into, 0)
  return into
}
