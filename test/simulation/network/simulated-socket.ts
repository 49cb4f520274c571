// The broker's end of a simulated connection: as much of `net.Socket` as the broker uses, with Node's
// ways. A write goes to the system at once if there is room, and then counts as sent when it returns;
// else the stream keeps the caller's buffer and takes the rest from it later. Callbacks and `close` come
// with the next tick; `drain` when everything has been taken after a write was told to wait.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Pipe } from './pipe.ts'

/** Node's default: from here on `write` returns false. */
const highWaterMark = 65_536

interface Waiting {
  readonly bytes: Buffer
  taken: number
  readonly onSent: ((error?: Error) => void) | undefined
}

export interface SocketParts {
  readonly outgoing: Pipe
  readonly incoming: () => Pipe
  /** The broker has closed its end without waiting for anything; with a reset, what was sent is lost. */
  readonly onDestroyed: (isReset: boolean) => void
}

export class SimulatedSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1'
  readonly localAddress = '127.0.0.1'
  destroyed = false
  bytesWritten = 0
  /** Bytes that the system has not taken. */
  writableLength = 0
  readonly #parts: SocketParts
  #waiting: Waiting[] = []
  #corkCount = 0
  #needsDrain = false
  #isPaused = false
  #isEnding = false
  #hasEnded = false

  constructor(parts: SocketParts) {
    super()
    this.#parts = parts
    parts.outgoing.onRoom = () => this.#push()
  }

  asSocket(): Socket {
    return this as unknown as Socket
  }

  get writableEnded(): boolean {
    return this.#isEnding
  }

  write(bytes: Buffer, onSent?: (error?: Error) => void): boolean {
    if (this.destroyed || this.#isEnding) {
      if (onSent !== undefined) process.nextTick(onSent, new Error('write after end'))
      return false
    }
    this.#waiting.push({ bytes, taken: 0, onSent })
    this.writableLength += bytes.length
    this.bytesWritten += bytes.length
    if (this.#corkCount === 0) this.#push()
    const hasRoom = this.writableLength < highWaterMark
    if (!hasRoom) this.#needsDrain = true
    return hasRoom
  }

  cork(): void {
    this.#corkCount++
  }

  uncork(): void {
    this.#corkCount = Math.max(0, this.#corkCount - 1)
    if (this.#corkCount === 0) this.#push()
  }

  end(bytes?: Buffer): this {
    if (bytes !== undefined) this.write(bytes)
    this.#corkCount = 0
    this.#isEnding = true
    this.#push()
    return this
  }

  destroy(): this {
    this.#destroy(undefined, false)
    return this
  }

  resetAndDestroy(): this {
    this.#destroy(undefined, true)
    return this
  }

  pause(): this {
    this.#isPaused = true
    this.#parts.incoming().pause()
    return this
  }

  resume(): this {
    this.#isPaused = false
    if (!this.destroyed) this.#parts.incoming().resume()
    return this
  }

  isPaused(): boolean {
    return this.#isPaused
  }

  setNoDelay(): this {
    return this
  }

  /** Bytes have come in. */
  receive(bytes: Buffer): void {
    if (!this.destroyed) this.emit('data', bytes)
  }

  /** The peer has said that nothing more comes. */
  receiveEnd(): void {
    if (this.destroyed) return
    this.emit('end')
    // Servers do not keep their half open unless they ask for it.
    if (!this.#isEnding) this.end()
  }

  /** The connection is broken: the peer is gone without a word. */
  break(error: Error): void {
    this.#destroy(error, true)
  }

  /** The broker's process is gone: nothing of it runs any more. */
  die(): void {
    this.destroyed = true
    this.#waiting = []
  }

  #destroy(error: Error | undefined, isReset: boolean): void {
    if (this.destroyed) return
    this.destroyed = true
    const waiting = this.#waiting
    this.#waiting = []
    this.writableLength = 0
    for (const { onSent } of waiting) {
      if (onSent !== undefined) process.nextTick(onSent, error ?? new Error('destroyed'))
    }
    process.nextTick(() => {
      if (error !== undefined) this.emit('error', error)
      this.emit('close', error !== undefined)
    })
    this.#parts.onDestroyed(isReset)
  }

  /** Hands the system what it takes. */
  #push(): void {
    if (this.destroyed) return
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const left = first.bytes.length - first.taken
      first.taken += this.#parts.outgoing.offer(first.bytes.subarray(first.taken))
      if (left > 0 && first.taken < first.bytes.length) return
      this.#waiting.shift()
      // One call to the system takes one write: until it has all of it, none of it counts as sent.
      this.writableLength -= first.bytes.length
      if (first.onSent !== undefined) process.nextTick(first.onSent)
    }
    if (this.#needsDrain) {
      this.#needsDrain = false
      process.nextTick(() => {
        if (!this.destroyed) this.emit('drain')
      })
    }
    if (this.#isEnding && !this.#hasEnded) {
      this.#hasEnded = true
      this.#parts.outgoing.end()
    }
  }
}
