// STOMP frames (STOMP 1.2 "Augmented BNF"):
//
//   COMMAND EOL  *( name ":" value EOL )  EOL  body  NUL
//
// FrameReader cuts a byte stream that arrives in arbitrary chunks into frames. As in RabbitMQ a line ends with LF or
// CR LF in every version, values may hold colons, NULs between frames are passed over, and only SEND has a body of a
// length that it says.
//
// Invariant: each byte is looked at a constant number of times, whatever the chunks are, and copied at most twice
// (not at all where its line or body lies within one chunk). What is held is bounded by the limits of a frame.
import { pagePool } from '../../lib/page-pool.ts'
import { stompLimits } from '../../limits/stomp.ts'
import { nameFromBytes } from '../../record/message/name-bytes.ts'
import { unescapeHeader } from './escapes.ts'
import { FrameError } from './frame-error.ts'
import { FrameHeaders } from './frame-headers.ts'
import { PartialBytes } from './partial-bytes.ts'
import type { StompVersion } from './stomp-version.ts'

const NUL = 0
const LF = 10
const CR = 13
const COLON = 58

const emptyBuffer = Buffer.alloc(0)

/** A line without its end. */
interface Line {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

type State = 'between' | 'command' | 'headers' | 'body'

/**
 * Reads frames from the chunks of one connection.
 *
 * 1. `push(chunk)` once per chunk; `keepRest()` before the chunk's memory is used again.
 * 2. `next()` until it returns false. While it returns true the fields describe one frame and `buffer[start, end)` is
 *    its body, valid until the following `next` or `push`; `headers` are the caller's to keep.
 *
 * `next` throws a FrameError when the stream is no STOMP; then the reader must not be used again.
 */
export class FrameReader {
  /** Largest frame the peer may send, in bytes, all of it counted. */
  frameSizeMax: number = stompLimits.loginFrameSizeMax
  /** Decides what is an escape, and that 1.0 has blanks before values; as long as it is unknown nothing is. */
  version: StompVersion = '1.0'
  command = ''
  headers: FrameHeaders = new FrameHeaders()
  /** Holds the body: the pushed chunk, or the reader's own when it came in pieces. */
  buffer: Buffer = emptyBuffer
  start = 0
  end = 0
  /** The body is in memory of its own: whoever needs it longer retains it (`pagePool`). */
  isBodyOwn = false

  #state: State = 'between'
  #chunk: Buffer = emptyBuffer
  #position = 0
  /** Bytes of the frame so far. */
  #size = 0
  /** What its body takes; -1 when it goes up to a NUL. */
  #bodySize = -1
  /** Beginning of a line, or a body, whose rest is still to come. */
  readonly #partial = new PartialBytes()
  /** Bytes of headers that were read of a frame that is not complete. */
  #headersSize = 0

  /** Bytes that are held of a frame that is not complete. */
  get heldSize(): number {
    return this.#headersSize + this.#partial.size
  }

  /** Adds the next bytes. All frames of the previous chunk must have been taken with `next`. */
  push(chunk: Buffer): void {
    if (this.#position < this.#chunk.length) {
      throw new Error('push() before next() has returned false')
    }
    this.#chunk = chunk
    this.#position = 0
  }

  /** Copies what has not been taken of the chunk, which may change from now on. */
  keepRest(): void {
    if (this.#position === this.#chunk.length) return
    this.#chunk = Buffer.from(this.#chunk.subarray(this.#position))
    this.#position = 0
  }

  /** Moves to the next whole frame. False: more bytes are needed. */
  next(): boolean {
    this.#dropBody()
    while (true) {
      if (this.#state === 'body') return this.#readBody()
      if (this.#state === 'between' && !this.#skipNoise()) return false
      const line = this.#readLine()
      if (line === undefined) return false
      if (this.#state === 'command') this.#onCommand(line)
      else this.#onHeaderLine(line)
    }
  }

  /** Frees the memory kept for lines that came in pieces; to be called when a connection is quiet. */
  trim(): void {
    if (this.#partial.size === 0) this.#partial.release()
  }

  /** Gives back what it holds: the connection has ended, and nothing more is read. */
  release(): void {
    this.#dropBody()
    this.#partial.release()
    this.#chunk = emptyBuffer
    this.#position = 0
  }

  /** The body of the frame before is not needed any more. */
  #dropBody(): void {
    if (this.isBodyOwn) pagePool.release(this.buffer)
    this.isBodyOwn = false
    this.buffer = emptyBuffer
    this.start = 0
    this.end = 0
    // Many and long ones would stay until the next frame, which need not come.
    if (this.#state === 'between' && this.headers.size > 0) this.headers = new FrameHeaders()
  }

  /** Line ends and NULs between frames; true when a frame begins. */
  #skipNoise(): boolean {
    const chunk = this.#chunk
    let position = this.#position
    for (; position < chunk.length; position++) {
      const byte = chunk[position]
      if (byte !== LF && byte !== NUL && byte !== CR) break
    }
    this.#position = position
    if (position === chunk.length) return false
    this.#state = 'command'
    this.#size = 0
    this.#headersSize = 0
    this.headers = new FrameHeaders()
    return true
  }

  /** The next line, without its end; undefined when the rest of it is still to come. */
  #readLine():
    | { readonly bytes: Buffer; readonly start: number; readonly end: number }
    | undefined {
    const chunk = this.#chunk
    const start = this.#position
    const found = chunk.indexOf(LF, start)
    const end = found === -1 ? chunk.length : found
    this.#count(end - start)
    this.#checkLine(this.#partial.size + end - start)
    if (found === -1) {
      this.#partial.add(chunk, start, end)
      this.#position = end
      return undefined
    }
    this.#position = end + 1
    this.#count(1)
    if (this.#partial.size === 0) return lineOf(chunk, start, end)
    this.#partial.add(chunk, start, end)
    const bytes = this.#partial.take()
    return lineOf(bytes, 0, bytes.length)
  }

  #checkLine(size: number): void {
    if (this.#state === 'command') {
      // Its end may be CR LF.
      if (size > stompLimits.commandSizeMax + 1) throw new FrameError('the command is too long')
    } else if (size > stompLimits.headerSizeMax) {
      throw new FrameError(`a header of more than ${stompLimits.headerSizeMax} bytes`)
    }
  }

  #onCommand({ bytes, start, end }: Line): void {
    this.command = this.#textOf(bytes, start, end)
    this.#state = 'headers'
  }

  #onHeaderLine({ bytes, start, end }: Line): void {
    if (start === end) {
      this.#beginBody()
      return
    }
    const colon = bytes.indexOf(COLON, start)
    if (colon === -1 || colon >= end) {
      throw new FrameError(`a header without a value: '${nameFromBytes(bytes, start, end)}'`)
    }
    if (this.headers.size >= stompLimits.headersMax) {
      throw new FrameError(`more than ${stompLimits.headersMax} headers`)
    }
    const name = this.#textOf(bytes, start, colon)
    const value = this.#textOf(bytes, colon + 1, end)
    this.#headersSize += end - start + stompLimits.keptHeaderSize
    this.#addHeader(name, value)
  }

  /** In 1.2 a carriage return stands only before the end of a line: it has an escape. */
  #textOf(bytes: Buffer, start: number, end: number): string {
    const text = nameFromBytes(bytes, start, end)
    if (this.version === '1.2' && text.includes('\r')) {
      throw new FrameError(`a carriage return within the ${this.#state}`)
    }
    return text
  }

  #addHeader(name: string, value: string): void {
    const { version, headers, command } = this
    const isRaw = command === 'CONNECT' || command === 'STOMP'
    if (isRaw) headers.add(name, value)
    // RabbitMQ: old clients write a blank after the colon.
    else if (version === '1.0') headers.add(name, value.replace(/^ +/, ''))
    else headers.add(unescapeHeader(name, version), unescapeHeader(value, version))
  }

  #beginBody(): void {
    this.#state = 'body'
    this.#bodySize = this.command === 'SEND' ? this.#contentLength() : -1
    if (this.#bodySize > this.frameSizeMax - this.#size) this.#refuseSize()
  }

  /** -1 when it is not said. */
  #contentLength(): number {
    const said = this.headers.get('content-length')?.trim()
    if (said === undefined) return -1
    if (!/^\d{1,15}$/.test(said))
      throw new FrameError(`content-length '${said}' is no number of bytes`)
    return Number(said)
  }

  /** True when all of the frame is there. */
  #readBody(): boolean {
    const chunk = this.#chunk
    const start = this.#position
    const left = this.#bodySize - this.#partial.size
    const found = this.#bodySize === -1 ? chunk.indexOf(NUL, start) : start + left
    const isComplete = found !== -1 && found < chunk.length
    const end = isComplete ? found : chunk.length
    this.#count(end - start)
    if (!isComplete) {
      this.#partial.add(chunk, start, end, this.#bodySize)
      this.#position = end
      return false
    }
    if (chunk[end] !== NUL) {
      throw new FrameError(`no NUL after a body of content-length ${this.#bodySize}`)
    }
    this.#count(1)
    this.#position = end + 1
    this.#setBody(chunk, start, end)
    this.#state = 'between'
    this.#headersSize = 0
    return true
  }

  #setBody(chunk: Buffer, start: number, end: number): void {
    if (this.#partial.size === 0) {
      this.buffer = chunk
      this.start = start
      this.end = end
      return
    }
    this.#partial.add(chunk, start, end, this.#bodySize)
    const size = this.#partial.size
    this.buffer = this.#partial.takeMemory()
    this.start = 0
    this.end = size
    this.isBodyOwn = true
  }

  #count(size: number): void {
    this.#size += size
    // What ends it is not counted against it.
    if (this.#size > this.frameSizeMax + 1) this.#refuseSize()
  }

  #refuseSize(): never {
    throw new FrameError(`a frame of more than ${this.frameSizeMax} bytes`)
  }
}

function lineOf(bytes: Buffer, start: number, end: number): Line {
  const hasReturn = end > start && bytes[end - 1] === CR
  return { bytes, start, end: hasReturn ? end - 1 : end }
}
