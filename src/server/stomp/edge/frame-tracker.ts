// Follows the frames of a stream of STOMP that is passed on, as far as it takes to see where each ends. They are the
// broker's own: lines end with LF, and what has a body says its length or ends with NUL.
import type { StreamTracker } from '../../passed-on-client.ts'

const [nul, lineFeed] = [0, 10]
/** Longest header's line that is looked at: what says a length is shorter. */
const lineSizeMax = 64

type State = 'between' | 'headers' | 'body'

export class StompFrameTracker implements StreamTracker {
  /** An ERROR or a receipt may be the last word, and then the owner ends the connection. */
  readonly hasClosed = false
  #state: State = 'between'
  /** The beginning of the line. */
  #line = ''
  #lineSize = 0
  /** Bytes of the body and its NUL; -1: up to a NUL. */
  #left = -1

  get isBetweenFrames(): boolean {
    return this.#state === 'between'
  }

  follow(bytes: Buffer): void {
    this.#follow(bytes, false)
  }

  followToEnd(bytes: Buffer): number {
    return this.isBetweenFrames ? 0 : this.#follow(bytes, true)
  }

  #follow(bytes: Buffer, isOneOnly: boolean): number {
    let at = 0
    while (at < bytes.length) {
      at = this.#state === 'body' ? this.#skipBody(bytes, at) : this.#takeByte(bytes, at)
      if (isOneOnly && this.isBetweenFrames) break
    }
    return at
  }

  #skipBody(bytes: Buffer, at: number): number {
    if (this.#left < 0) {
      const end = bytes.indexOf(nul, at)
      if (end >= 0) this.#state = 'between'
      return end < 0 ? bytes.length : end + 1
    }
    const skipped = Math.min(this.#left, bytes.length - at)
    this.#left -= skipped
    if (this.#left === 0) this.#state = 'between'
    return at + skipped
  }

  #takeByte(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number
    if (this.#state === 'between') {
      if (byte === lineFeed || byte === nul) return at + 1
      this.#state = 'headers'
      this.#left = -1
    }
    if (byte !== lineFeed) {
      if (this.#lineSize < lineSizeMax) this.#line += String.fromCharCode(byte)
      this.#lineSize++
      return at + 1
    }
    if (this.#lineSize === 0) this.#state = 'body'
    const [, size] = /^content-length:(\d+)$/.exec(this.#line) ?? []
    if (size !== undefined && this.#left < 0) this.#left = Number(size) + 1
    this.#line = ''
    this.#lineSize = 0
    return at + 1
  }
}
