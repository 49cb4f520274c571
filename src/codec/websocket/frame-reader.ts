// Frames of clients → the bytes within, as they come: a frame is not kept until it is whole, so what one announces costs
// nothing. What is read stays in the buffer that it came in: bytes are unmasked where they are and moved together.
import { isUtf8 } from 'node:buffer'
import {
  closeCodes,
  controlSizeMax,
  isFinal,
  isMasked,
  isSentCode,
  lengths,
  opcodes,
} from './frame-format.ts'
import { Utf8Stream } from './utf8-stream.ts'

/** A close that the client has sent, or one that it is to be sent for what it did. */
export interface FrameEnd {
  readonly code: number
  readonly reason: string
  /** False for what the client did wrong. */
  readonly isPeers: boolean
}

export interface FrameReaderOptions {
  /** Whether the bytes may come as text. */
  readonly takesText: boolean
  /** Largest frame that a client may announce. */
  frameSizeMax: number
}

/** Bytes of the longest header: its two, a length of eight, the mask. */
const headerSizeMax = 14
const none: Buffer = Buffer.alloc(0)

/** A fault in what a client sent. */
class FrameFault extends Error {
  readonly code: number

  constructor(code: number, reason: string) {
    super(reason)
    this.code = code
  }
}

export class FrameReader {
  /** The last ping that came, until somebody has answered it: the others need no answer (5.5.3). */
  ping: Buffer | undefined
  /** After this nothing is read. */
  end: FrameEnd | undefined
  readonly #options: FrameReaderOptions
  readonly #header = Buffer.alloc(headerSizeMax)
  #headerSize = 0
  /** Where the mask is in the header. */
  #maskStart = 0
  /** What is within a control frame, while one comes: most connections never have any. */
  #control: Buffer = none
  readonly #text: Utf8Stream | undefined
  /** Of the frame that is being read. */
  #opcode = 0
  #isFinal = true
  #size = 0
  #readSize = 0
  /** Bytes of this read that are within frames. */
  #written = 0
  /** Of the message that is being read; undefined between messages. */
  #kind: number | undefined

  constructor(options: FrameReaderOptions) {
    this.#options = options
    this.#text = options.takesText ? new Utf8Stream() : undefined
  }

  /** What is within frames, up to `end`. It is where `bytes` was, which is not usable any more. */
  read(bytes: Buffer): Buffer {
    this.#written = 0
    let at = 0
    try {
      while (at < bytes.length && this.end === undefined) {
        at = this.#needsHeader ? this.#readHeader(bytes, at) : this.#readPayload(bytes, at)
      }
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error
      this.end = { code: error.code, reason: error.message, isPeers: false }
    }
    return bytes.subarray(0, this.#written)
  }

  get #needsHeader(): boolean {
    return this.#headerSize < headerSizeOf(this.#header, this.#headerSize)
  }

  get #isControl(): boolean {
    return this.#opcode >= opcodes.close
  }

  /** Takes what is missing of a header. */
  #readHeader(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && this.#needsHeader) {
      this.#header[this.#headerSize++] = bytes[at++] as number
      // What two bytes say may be wrong already.
      if (this.#headerSize === 2) this.#checkStart()
    }
    if (!this.#needsHeader) this.#beginFrame()
    return at
  }

  #checkStart(): void {
    const [first = 0, second = 0] = this.#header
    const opcode = first & 0x0f
    const isWhole = (first & isFinal) !== 0
    if ((first & 0x70) !== 0) throw protocolError('a reserved bit is set')
    if ((second & isMasked) === 0) throw protocolError('the frame is not masked')
    if (opcode >= opcodes.close) {
      if (opcode > opcodes.pong) throw protocolError(`opcode ${opcode} means nothing`)
      if (!isWhole) throw protocolError('a control frame is in parts')
      if ((second & 0x7f) > controlSizeMax) throw protocolError('a control frame is too large')
      return
    }
    if (opcode > opcodes.binary) throw protocolError(`opcode ${opcode} means nothing`)
    if ((opcode === opcodes.continuation) === (this.#kind === undefined)) {
      throw protocolError('a message begins within another, or goes on without one')
    }
    if (opcode === opcodes.text && !this.#options.takesText) {
      throw new FrameFault(closeCodes.unsupportedData, 'only binary frames are taken')
    }
  }

  #beginFrame(): void {
    const header = this.#header
    const first = header[0] as number
    this.#opcode = first & 0x0f
    this.#isFinal = (first & isFinal) !== 0
    this.#size = sizeIn(header)
    this.#readSize = 0
    this.#maskStart = this.#headerSize - 4
    const { frameSizeMax } = this.#options
    if (this.#size > frameSizeMax) {
      throw new FrameFault(closeCodes.tooBig, `a frame has more than ${frameSizeMax} bytes`)
    }
    if (this.#opcode === opcodes.text || this.#opcode === opcodes.binary) this.#kind = this.#opcode
    if (this.#size === 0) this.#onFrame()
  }

  /** Takes what is there of the rest of a frame. */
  #readPayload(bytes: Buffer, at: number): number {
    const size = Math.min(bytes.length - at, this.#size - this.#readSize)
    const piece = bytes.subarray(at, at + size)
    if (this.#isControl) this.#takeControl(piece)
    else this.#takeData(piece, bytes)
    this.#readSize += size
    if (this.#readSize === this.#size) this.#onFrame()
    return at + size
  }

  #takeControl(piece: Buffer): void {
    if (this.#readSize === 0) this.#control = Buffer.allocUnsafe(this.#size)
    this.#unmask(piece, this.#control, this.#readSize)
  }

  #takeData(piece: Buffer, target: Buffer): void {
    const [from, to] = [this.#written, this.#written + piece.length]
    this.#unmask(piece, target, from)
    if (this.#kind === opcodes.text && this.#text?.add(target.subarray(from, to)) === false) {
      throw new FrameFault(closeCodes.invalidText, 'a text is no UTF-8')
    }
    this.#written = to
  }

  /** `target` may be the buffer that `piece` is of, at the same place or before it. */
  #unmask(piece: Buffer, target: Buffer, at: number): void {
    const mask = this.#header
    const start = this.#maskStart
    const phase = this.#readSize
    for (let index = 0; index < piece.length; index++) {
      target[at + index] =
        (piece[index] as number) ^ (mask[start + ((phase + index) & 3)] as number)
    }
  }

  /** The frame is whole. */
  #onFrame(): void {
    this.#headerSize = 0
    if (this.#isControl) {
      this.#onControl(this.#size === 0 ? none : this.#control)
      this.#control = none
      return
    }
    if (!this.#isFinal) return
    const wasText = this.#kind === opcodes.text
    this.#kind = undefined
    if (wasText && this.#text?.end() === false) {
      throw new FrameFault(closeCodes.invalidText, 'a text ends within a character')
    }
  }

  #onControl(payload: Buffer): void {
    if (this.#opcode === opcodes.ping) this.ping = payload
    if (this.#opcode === opcodes.close) this.end = closeIn(payload)
  }
}

function protocolError(reason: string): FrameFault {
  return new FrameFault(closeCodes.protocolError, reason)
}

/** Bytes of a header of which the first `known` are there. */
function headerSizeOf(header: Buffer, known: number): number {
  if (known < 2) return 2
  const length = (header[1] as number) & 0x7f
  if (length === lengths.inEightBytes) return 14
  return length === lengths.inTwoBytes ? 8 : 6
}

/** Of the payload. A length takes no more bytes than it needs. */
function sizeIn(header: Buffer): number {
  const length = (header[1] as number) & 0x7f
  if (length < lengths.inTwoBytes) return length
  const isShort = length === lengths.inTwoBytes
  const size = isShort
    ? header.readUInt16BE(2)
    : header.readUInt32BE(2) * 2 ** 32 + header.readUInt32BE(6)
  if (size < (isShort ? lengths.inTwoBytes : 2 ** 16) || size >= 2 ** 63) {
    throw protocolError('a length is written with too many bytes')
  }
  return size
}

/** 5.5.1 and 7.1.5 */
function closeIn(payload: Buffer): FrameEnd {
  if (payload.length === 0) return { code: closeCodes.noCode, reason: '', isPeers: true }
  const code = payload.length === 1 ? 0 : payload.readUInt16BE()
  if (!isSentCode(code)) throw protocolError('a close has no code that may be sent')
  const reason = payload.subarray(2)
  if (!isUtf8(reason)) throw new FrameFault(closeCodes.invalidText, 'a reason is no UTF-8')
  return { code, reason: reason.toString(), isPeers: true }
}
