// One direction of a connection: bytes on their way, in order, in pieces of any size, with a window like
// TCP's. Whoever writes is told when there is room again; whoever reads may stop reading.
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'

export interface PipeOptions {
  readonly clock: VirtualClock
  /** Bytes that fit: sent and not read yet. */
  readonly windowSize: number
  /** How long the next piece takes, in ms. */
  readonly latencyMs: () => number
  /** How much of `size` bytes arrives at once; at least one. */
  readonly pieceSize: (size: number) => number
}

export interface PipeReader {
  /** The bytes are only valid during the call. */
  onPiece(bytes: Buffer): void
  /** Nothing more comes: all that was sent has been read. */
  onEnd(): void
}

export class Pipe {
  /** Told when there is room again after `offer` could not take everything. */
  onRoom: () => void = () => undefined
  readonly #options: PipeOptions
  readonly #reader: PipeReader
  /** On their way, in order; copies, because whoever wrote them may use their memory again. */
  readonly #chunks: Buffer[] = []
  #size = 0
  #isFull = false
  #isEnding = false
  #isReading = true
  #isScheduled = false
  #isCut = false

  constructor(options: PipeOptions, reader: PipeReader) {
    this.#options = options
    this.#reader = reader
  }

  /** Takes what fits of `bytes`, a copy, and returns how much that was. */
  offer(bytes: Buffer): number {
    if (this.#isCut || this.#isEnding) return bytes.length
    const room = this.#options.windowSize - this.#size
    const taken = Math.min(room, bytes.length)
    if (taken > 0) this.#chunks.push(Buffer.from(bytes.subarray(0, taken)))
    this.#size += taken
    this.#isFull = taken < bytes.length
    this.#schedule()
    return taken
  }

  /** Nothing more is sent. */
  end(): void {
    this.#isEnding = true
    this.#schedule()
  }

  /** What is on its way is lost, and nothing arrives any more. */
  cut(): void {
    this.#isCut = true
    this.#chunks.length = 0
    this.#size = 0
  }

  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    this.#isReading = true
    this.#schedule()
  }

  #schedule(): void {
    const hasNews = this.#size > 0 || this.#isEnding
    if (this.#isScheduled || !this.#isReading || !hasNews || this.#isCut) return
    this.#isScheduled = true
    this.#options.clock.after(this.#options.latencyMs(), () => this.#arrive())
  }

  #arrive(): void {
    this.#isScheduled = false
    if (this.#isCut || !this.#isReading) return
    if (this.#size === 0) {
      if (!this.#isEnding) return
      this.#isCut = true
      this.#reader.onEnd()
      return
    }
    const piece = this.#take(Math.min(this.#size, this.#options.pieceSize(this.#size)))
    this.#reader.onPiece(piece)
    // Who keeps a view of it sees this instead: it was only lent.
    piece.fill(0xdb)
    if (this.#isFull) {
      this.#isFull = false
      this.onRoom()
    }
    this.#schedule()
  }

  #take(size: number): Buffer {
    this.#size -= size
    const first = this.#chunks[0] as Buffer
    if (first.length > size) {
      this.#chunks[0] = first.subarray(size)
      return first.subarray(0, size)
    }
    let taken = 0
    const pieces: Buffer[] = []
    while (taken < size) {
      const chunk = this.#chunks.shift() as Buffer
      const part = chunk.subarray(0, size - taken)
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length))
      pieces.push(part)
      taken += part.length
    }
    return pieces.length === 1 ? first : Buffer.concat(pieces)
  }
}
