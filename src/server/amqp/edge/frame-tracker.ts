// Follows the frames of a stream that is passed on, without looking into them: where one ends, something may be said in
// between. Methods of channel 0 are looked at as far as it takes to see the connection closed.
import { FRAME_HEADER_SIZE } from '../../../codec/amqp/frame.ts'
import {
  CONNECTION_CLOSE,
  CONNECTION_CLOSE_OK,
  FRAME_METHOD,
} from '../../../codec/amqp/methods.gen.ts'

/** A header and the number of a method. */
const headSizeMax: number = FRAME_HEADER_SIZE + 4

export class FrameTracker {
  /** The beginning of a frame, which may come in pieces. */
  readonly #head: Buffer = Buffer.alloc(headSizeMax)
  #headSize = 0
  /** Bytes up to the end of the frame, once its header is there. */
  #left = 0
  #hasClosed = false

  /** Whether the stream is between two frames. */
  get isBetweenFrames(): boolean {
    return this.#headSize === 0 && this.#left === 0
  }

  /** Whether connection.close or its answer has gone by. */
  get hasClosed(): boolean {
    return this.#hasClosed
  }

  /** Follows the next bytes. */
  follow(bytes: Buffer): void {
    this.#follow(bytes, false)
  }

  /** Follows no more than the rest of the frame that has begun; how many bytes that is of these. */
  followToEnd(bytes: Buffer): number {
    return this.isBetweenFrames ? 0 : this.#follow(bytes, true)
  }

  #follow(bytes: Buffer, isOneOnly: boolean): number {
    let at = 0
    while (at < bytes.length) {
      at = this.#left > 0 ? this.#skip(bytes, at) : this.#takeHead(bytes, at)
      if (isOneOnly && this.isBetweenFrames) break
    }
    return at
  }

  #skip(bytes: Buffer, at: number): number {
    const skipped = Math.min(this.#left, bytes.length - at)
    this.#left -= skipped
    return at + skipped
  }

  #takeHead(bytes: Buffer, at: number): number {
    const wanted = this.#headSize < FRAME_HEADER_SIZE ? FRAME_HEADER_SIZE : headSizeMax
    const end = Math.min(bytes.length, at + wanted - this.#headSize)
    // The usual case: the whole header is in these bytes.
    if (this.#headSize === 0 && end - at === FRAME_HEADER_SIZE && !isOfConnection(bytes, at)) {
      this.#left = bytes.readUInt32BE(at + 3) + 1
      return end
    }
    bytes.copy(this.#head, this.#headSize, at, end)
    this.#headSize += end - at
    if (this.#headSize === wanted) this.#onHead()
    return end
  }

  #onHead(): void {
    const head = this.#head
    const size = head.readUInt32BE(3)
    const hasMethod = isOfConnection(head, 0) && size >= headSizeMax - FRAME_HEADER_SIZE
    if (hasMethod && this.#headSize < headSizeMax) return
    if (hasMethod) {
      const id = head.readUInt32BE(FRAME_HEADER_SIZE)
      this.#hasClosed ||= id === CONNECTION_CLOSE || id === CONNECTION_CLOSE_OK
    }
    this.#left = size + 1 - (this.#headSize - FRAME_HEADER_SIZE)
    this.#headSize = 0
  }
}

/** Whether the frame that begins there is a method of channel 0. */
function isOfConnection(bytes: Buffer, at: number): boolean {
  return bytes[at] === FRAME_METHOD && bytes[at + 1] === 0 && bytes[at + 2] === 0
}
