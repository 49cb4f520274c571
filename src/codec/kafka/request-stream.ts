// Kafka requests on a connection: a signed 32-bit size, then that many bytes.
//
// RequestStream cuts a byte stream that arrives in arbitrary chunks into whole requests. Invariant:
// each request gets memory of its own, into which each byte is copied once (above
// `kafkaRequestRoomInitial` seldom twice); it is used again only if whoever took the request says so.
import { kafkaLimits } from '../../limits/kafka.ts'
import { CodecError } from '../../record/codec-error.ts'

const prefixSize = 4
const emptyBuffer = Buffer.alloc(0)

/** Where the memory of requests comes from. */
export interface RequestMemory {
  take(size: number): Buffer
  /** Nobody has a view of it. */
  release(buffer: Buffer): void
}

const freshMemory: RequestMemory = {
  take: (size) => Buffer.allocUnsafe(size),
  release: () => undefined,
}

/**
 * Reads requests from the chunks of one connection.
 *
 * 1. `push(chunk)` once per chunk; `keepRest()` before the chunk's memory is used again.
 * 2. `next()` until it returns false. While it returns true `buffer[start, end)` is one request.
 *    It belongs to whoever takes it: parts may be kept and changed.
 *
 * `next` throws a CodecError when a size is refused; then the stream must not be used again.
 */
export class RequestStream {
  /** Largest request the peer may send, in bytes, the prefix not counted. */
  requestSizeMax: number
  buffer: Buffer = emptyBuffer
  start = 0
  end = 0

  #chunk: Buffer = emptyBuffer
  #position = 0
  /** Bytes of the size prefix, for one that came in pieces. */
  #prefix = 0
  #prefixFilled = 0
  /** Size of the request whose bytes come next, or -1 when its prefix does. */
  #size = -1
  /** Beginning of a request whose rest is still to come. */
  #carry: Buffer = emptyBuffer
  #carried = 0
  readonly #memory: RequestMemory

  constructor(
    requestSizeMax: number = kafkaLimits.kafkaRequestSizeMax,
    memory: RequestMemory = freshMemory,
  ) {
    this.requestSizeMax = requestSizeMax
    this.#memory = memory
  }

  /** Adds the next bytes: without a copy when nothing is left of those before. */
  push(chunk: Buffer): void {
    this.#chunk =
      this.restSize === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#position), chunk])
    this.#position = 0
  }

  /** Bytes that have been pushed and not been looked at. */
  get restSize(): number {
    return this.#chunk.length - this.#position
  }

  /** Moves to the next whole request. False: more bytes are needed. */
  next(): boolean {
    if (this.#size < 0 && !this.#readPrefix()) return this.#needMore()
    if (!this.#gather()) return this.#needMore()
    this.#setRequest()
    this.#carry = emptyBuffer
    this.#carried = 0
    return true
  }

  /** Copies what has not been taken of the chunk, which may change from now on. */
  keepRest(): void {
    if (this.#position === this.#chunk.length) return
    this.#chunk = Buffer.from(this.#chunk.subarray(this.#position))
    this.#position = 0
  }

  /** Bytes of a request that has not come completely. */
  get heldSize(): number {
    return this.#carried
  }

  /** True when the stream stops inside a request. */
  get isInsideRequest(): boolean {
    return this.#size >= 0 || this.#prefixFilled > 0
  }

  #setRequest(): void {
    this.buffer = this.#carry
    this.start = 0
    this.end = this.#size
    this.#size = -1
  }

  /** Always false. */
  #needMore(): boolean {
    this.#chunk = emptyBuffer
    this.#position = 0
    this.buffer = emptyBuffer
    this.start = 0
    this.end = 0
    return false
  }

  #readPrefix(): boolean {
    const chunk = this.#chunk
    if (this.#prefixFilled === 0 && chunk.length - this.#position >= prefixSize) {
      this.#setSize(chunk.readInt32BE(this.#position))
      this.#position += prefixSize
      return true
    }
    while (this.#prefixFilled < prefixSize && this.#position < chunk.length) {
      this.#prefix = (this.#prefix << 8) | (chunk[this.#position] as number)
      this.#prefixFilled++
      this.#position++
    }
    if (this.#prefixFilled < prefixSize) return false
    this.#setSize(this.#prefix)
    this.#prefix = 0
    this.#prefixFilled = 0
    return true
  }

  #setSize(size: number): void {
    if (size < 0 || size > this.requestSizeMax) {
      throw new CodecError(
        'frame_error',
        `request of ${size} bytes, ${this.requestSizeMax} are allowed`,
        0,
      )
    }
    this.#size = size
  }

  /** Moves what the chunk has of the request into the carry; true when that completes it. */
  #gather(): boolean {
    const missing = this.#size - this.#carried
    const taken = Math.min(missing, this.#chunk.length - this.#position)
    this.#reserve(this.#carried + taken)
    this.#chunk.copy(this.#carry, this.#carried, this.#position, this.#position + taken)
    this.#carried += taken
    this.#position += taken
    return taken === missing
  }

  /** A peer that announces a large request and sends little of it does not get all the room. */
  #reserve(filled: number): void {
    if (this.#carry.length >= filled) return
    // By leaps, because what is there must be copied each time; what is not filled takes no memory.
    const room = Math.max(filled, kafkaLimits.kafkaRequestRoomInitial, this.#carry.length * 8)
    // What is nearly all of it is not worth another leap.
    const grown = this.#memory.take(room * 2 >= this.#size ? this.#size : room)
    this.#carry.copy(grown, 0, 0, this.#carried)
    this.#memory.release(this.#carry)
    this.#carry = grown
  }
}
