// What one connection sends. Frames or packets are written into slabs and leave in one write per turn. A slab
// is not written to again where the socket still has it, so nothing is copied twice. Its memory is used
// again once everything in it has been sent.
import type { Socket } from 'node:net'
import { pagePool } from '../lib/page-pool.ts'
import { clientLimits } from '../limits/clients.ts'

const slabSizeMin = 512
/** Smaller pieces are copied where something waits already. */
const copiedSizeMax = 256

export class Output {
  readonly #socket: Socket
  #slab: Buffer = Buffer.alloc(0)
  /** Written into the slab and not yet handed to the socket: start … position. */
  #start = 0
  #position = 0
  /** Whole pieces that go before what is in the slab. */
  #pieces: Buffer[] = []
  #piecesSize = 0
  /** Memory of pieces that is retained until the system has them. */
  #retained: Buffer[] = []
  #lastFlushSize = 0
  /** Bytes of answers written since somebody set this to 0: all but deliveries. */
  answeredSize = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Bytes that the peer has not taken yet. */
  get unsentSize(): number {
    return this.#piecesSize + this.#position - this.#start + this.#socket.writableLength
  }

  get isEmpty(): boolean {
    return this.#piecesSize === 0 && this.#position === this.#start
  }

  /** The buffer to write into after `reserve`. */
  get buffer(): Buffer {
    return this.#slab
  }

  /** Makes room for `size` bytes and returns where they go; call `advance` with where they ended. */
  reserve(size: number): number {
    if (this.#slab.length - this.#position < size) this.#newSlab(size)
    return this.#position
  }

  advance(position: number): void {
    this.#position = position
  }

  /** Sends a view as it is, after everything written so far. It must never change. */
  appendView(view: Buffer): void {
    // Each piece that waits takes a hundred bytes besides its own, which nobody counts.
    if (view.length <= copiedSizeMax && this.unsentSize > 0) {
      const start = this.reserve(view.length)
      view.copy(this.#slab, start)
      this.advance(start + view.length)
      return
    }
    this.#cutPiece()
    this.#pieces.push(view)
    this.#piecesSize += view.length
  }

  /** The next pieces are views of `memory`: it is released once they have been sent, or never will be. */
  releaseOnceSent(memory: Buffer): void {
    this.#retained.push(memory)
  }

  flush(): void {
    const size = this.#piecesSize + this.#position - this.#start
    if (size === 0) return
    this.#lastFlushSize = size
    if (this.#pieces.length === 0) {
      this.#socket.write(this.#slab.subarray(this.#start, this.#position), this.#takeRetained())
      this.#start = this.#position
      this.#reuseSlab()
      return
    }
    this.#cutPiece()
    const pieces = this.#pieces
    this.#pieces = []
    this.#piecesSize = 0
    this.#socket.cork()
    const last = pieces.pop() as Buffer
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.write(last, this.#takeRetained())
    this.#socket.uncork()
    this.#reuseSlab()
  }

  /** What is to be called once everything before has been sent. */
  #takeRetained(): (() => void) | undefined {
    if (this.#retained.length === 0) return undefined
    const retained = this.#retained
    this.#retained = []
    return () => {
      for (const view of retained) pagePool.release(view)
    }
  }

  /** Gives the slab up: for connections that have been quiet. */
  trim(): void {
    if (!this.isEmpty) return
    if (this.#socket.writableLength === 0) pagePool.release(this.#slab)
    this.#slab = Buffer.alloc(0)
    this.#start = 0
    this.#position = 0
    this.#lastFlushSize = 0
  }

  /** What the system has taken, which is usually all at once, can be written over. */
  #reuseSlab(): void {
    if (this.#socket.writableLength > 0) return
    this.#start = 0
    this.#position = 0
  }

  #cutPiece(): void {
    if (this.#position === this.#start) return
    this.#pieces.push(this.#slab.subarray(this.#start, this.#position))
    this.#piecesSize += this.#position - this.#start
    this.#start = this.#position
  }

  #newSlab(size: number): void {
    this.#cutPiece()
    // Twice the last flush: a busy connection gets large slabs, a quiet one small ones.
    const wanted = Math.min(
      Math.max(this.#lastFlushSize * 2, slabSizeMin),
      clientLimits.outputSlabSizeMax,
    )
    // Earlier writes of the old one may not have left yet: they have when the next one has.
    this.releaseOnceSent(this.#slab)
    this.#slab = pagePool.take(Math.max(size, wanted))
    this.#start = 0
    this.#position = 0
  }
}
