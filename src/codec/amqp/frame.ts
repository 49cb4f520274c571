// AMQP 0-9-1 frames (section 4.2.3):
//
//   0      1         3             7                  7+size     7+size+1
//   +------+---------+-------------+  +------------+  +-----------+
//   | type | channel |    size     |  |  payload   |  | frame-end |
//   +------+---------+-------------+  +------------+  +-----------+
//    octet    short       long         size octets       0xCE
//
// FrameReader cuts a byte stream that arrives in arbitrary chunks into whole frames. Invariant: each
// byte is copied at most a constant number of times (none when its frame lies within one chunk).
import { CodecError } from '../../record/codec-error.ts'
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_MIN_SIZE,
} from './methods.gen.ts'

/** Bytes before the payload: type, channel, size. */
export const FRAME_HEADER_SIZE = 7
/** Bytes of a frame that are not payload. */
export const FRAME_OVERHEAD = 8

/** First size of the buffer for a frame that is split over chunks; it doubles up to the frame. */
const carrySizeMin = 4096

const emptyBuffer = Buffer.alloc(0)

/** A heartbeat frame on channel 0, ready to be written. Not to be modified. */
export const heartbeatFrame: Buffer = Buffer.from([FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END])

/**
 * Reads frames from the chunks of one connection.
 *
 * 1. `push(chunk)` once per chunk; `keepRest()` before the chunk's memory is used again.
 * 2. `next()` until it returns false. While it returns true the fields describe one frame and
 *    `buffer[start, end)` is its payload, valid until the following `next` or `push`.
 *
 * `next` throws a CodecError when the stream is no AMQP; then the reader must not be used again.
 */
export class FrameReader {
  /** Largest frame the peer may send, in bytes, all of it counted; set after `tune-ok`. */
  frameSizeMax: number
  type = 0
  channel = 0
  /** Holds the current payload: the pushed chunk, or the reader's own when it came in pieces. */
  buffer: Buffer = emptyBuffer
  start = 0
  end = 0

  #chunk: Buffer = emptyBuffer
  #position = 0
  /** Beginning of a frame whose rest is still to come. */
  #carry: Buffer = emptyBuffer
  #carried = 0

  constructor(frameSizeMax: number = FRAME_MIN_SIZE) {
    this.frameSizeMax = frameSizeMax
  }

  /** Adds the next bytes. All frames of the previous chunk must have been taken with `next`. */
  push(chunk: Buffer): void {
    if (this.#position < this.#chunk.length) {
      throw new Error('push() before next() has returned false')
    }
    this.#chunk = chunk
    this.#position = 0
  }

  /** Moves to the next whole frame. False: more bytes are needed. */
  next(): boolean {
    if (this.#carried > 0) {
      return this.#nextFromCarry()
    }
    const chunk = this.#chunk
    const position = this.#position
    const available = chunk.length - position
    if (available >= FRAME_HEADER_SIZE) {
      const size = this.#readHeader(chunk, position)
      if (available >= size + FRAME_OVERHEAD) {
        this.#position = position + size + FRAME_OVERHEAD
        this.#setPayload(chunk, position + FRAME_HEADER_SIZE, size)
        return true
      }
      this.#reserve(size + FRAME_OVERHEAD, available)
    }
    return this.#needMore()
  }

  /**
   * Takes `size` bytes that are no frame: the protocol header. True: they are `buffer[start, end)`.
   * False: more bytes are needed.
   */
  nextRaw(size: number): boolean {
    if (!this.#gather(size)) {
      return this.#needMore()
    }
    this.#carried = 0
    this.buffer = this.#carry
    this.start = 0
    this.end = size
    return true
  }

  /**
   * Takes the frame that the fields describe, as it came, with everything after it: whoever goes on with this
   * connection begins there. A copy.
   */
  takeFromFrame(): Buffer {
    const whole = this.buffer.subarray(this.start - FRAME_HEADER_SIZE, this.end + 1)
    const taken = Buffer.concat([whole, this.#chunk.subarray(this.#position)])
    this.#chunk = emptyBuffer
    this.#position = 0
    return taken
  }

  /** Copies what has not been taken of the chunk, which may change from now on. */
  keepRest(): void {
    if (this.#position === this.#chunk.length) return
    this.#chunk = Buffer.from(this.#chunk.subarray(this.#position))
    this.#position = 0
  }

  /** True when the stream stops inside a frame. */
  get isInsideFrame(): boolean {
    return this.#carried > 0
  }

  /** Frees the memory kept for split frames; to be called when a connection is quiet. */
  trim(): void {
    if (this.#carried === 0) {
      this.#carry = emptyBuffer
      this.buffer = emptyBuffer
    }
  }

  #nextFromCarry(): boolean {
    if (!this.#gather(FRAME_HEADER_SIZE)) {
      return this.#needMore()
    }
    const size = this.#readHeader(this.#carry, 0)
    if (!this.#gather(size + FRAME_OVERHEAD)) {
      return this.#needMore()
    }
    this.#carried = 0
    this.#setPayload(this.#carry, FRAME_HEADER_SIZE, size)
    return true
  }

  #readHeader(buffer: Buffer, position: number): number {
    const type = buffer[position] as number
    const channel = buffer.readUInt16BE(position + 1)
    const size = buffer.readUInt32BE(position + 3)
    // Some clients do not count the overhead into frame_max; RabbitMQ lets them, so the payload alone
    // may be that large.
    if (size > this.frameSizeMax) {
      throw new CodecError(
        'frame_error',
        `frame of ${size} bytes, ${this.frameSizeMax - FRAME_OVERHEAD} are allowed`,
        position + 3,
      )
    }
    if (type !== FRAME_METHOD && type !== FRAME_HEADER && type !== FRAME_BODY) {
      refuseUnlessHeartbeat({ type, channel, size }, position)
    }
    this.type = type
    this.channel = channel
    return size
  }

  #setPayload(buffer: Buffer, start: number, size: number): void {
    const end = start + size
    if (buffer[end] !== FRAME_END) {
      throw new CodecError('frame_error', `frame ends with ${buffer[end]}, not ${FRAME_END}`, end)
    }
    this.buffer = buffer
    this.start = start
    this.end = end
  }

  /** Moves what is left of the chunk into the carry. Always false. */
  #needMore(): boolean {
    const left = this.#chunk.length - this.#position
    if (left > 0) {
      this.#gather(this.#carried + left)
    }
    this.#chunk = emptyBuffer
    this.#position = 0
    this.buffer = emptyBuffer
    return false
  }

  /** Brings the carry to `size` bytes; false when the chunk has too few, which are then taken. */
  #gather(size: number): boolean {
    const missing = size - this.#carried
    if (missing <= 0) {
      return true
    }
    const taken = Math.min(missing, this.#chunk.length - this.#position)
    this.#reserve(size, this.#carried + taken)
    this.#chunk.copy(this.#carry, this.#carried, this.#position, this.#position + taken)
    this.#carried += taken
    this.#position += taken
    return taken === missing
  }

  /**
   * Makes room in the carry for `filled` bytes now, of `whole` in the end. A peer that announces a
   * large frame and sends little of it does not get all the room.
   */
  #reserve(whole: number, filled: number): void {
    if (this.#carry.length >= filled) {
      return
    }
    const size = Math.max(filled, carrySizeMin, Math.min(whole, filled * 2))
    const grown = Buffer.allocUnsafeSlow(size)
    this.#carry.copy(grown, 0, 0, this.#carried)
    this.#carry = grown
  }
}

/** Writes type, channel and payload size; returns the position of the payload. */
export function writeFrameHeader(
  target: Buffer,
  position: number,
  frame: { readonly type: number; readonly channel: number; readonly size: number },
): number {
  target[position] = frame.type
  target.writeUInt16BE(frame.channel, position + 1)
  return target.writeUInt32BE(frame.size, position + 3)
}

function refuseUnlessHeartbeat(
  frame: { readonly type: number; readonly channel: number; readonly size: number },
  position: number,
): void {
  if (frame.type !== FRAME_HEARTBEAT) {
    throw new CodecError('frame_error', `unknown frame type ${frame.type}`, position)
  }
  if (frame.size !== 0) {
    throw new CodecError('frame_error', 'heartbeat frame with a payload', position + 3)
  }
  if (frame.channel !== 0) {
    throw new CodecError(
      'unexpected_frame',
      `heartbeat frame on channel ${frame.channel}`,
      position + 1,
    )
  }
}
