// Bytes that come in pieces and belong together. Memory grows by leaps with what has really come, not with what was
// announced, and large memory is used again (`pagePool`).
import { pagePool } from '../../lib/page-pool.ts'

const empty = Buffer.alloc(0)
const memorySizeMin = 512
/** Memory for something larger is not kept for the next. */
const keptSizeMax = 4096

export class PartialBytes {
  #memory: Buffer = empty
  #size = 0

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  /** Adds `bytes[start, end)`, of `whole` in the end where that is known. */
  add(bytes: Buffer, start: number, end: number, whole = -1): void {
    if (this.#size === 0 && this.#memory.length > keptSizeMax) this.release()
    const needed = this.#size + end - start
    if (needed > this.#memory.length) this.#grow(needed, whole)
    bytes.copy(this.#memory, this.#size, start, end)
    this.#size = needed
  }

  /** All of it; valid until the next `add`. */
  take(): Buffer {
    const taken = this.#memory.subarray(0, this.#size)
    this.#size = 0
    return taken
  }

  /** The memory that all of it is in, which is the caller's to release from now on. */
  takeMemory(): Buffer {
    const taken = this.#memory
    this.#memory = empty
    this.#size = 0
    return taken
  }

  /** Gives the memory back, and what is in it. */
  release(): void {
    pagePool.release(this.#memory)
    this.#memory = empty
    this.#size = 0
  }

  #grow(needed: number, whole: number): void {
    const doubled = Math.max(needed * 2, memorySizeMin)
    // What is nearly all of it is not worth another leap.
    const larger = pagePool.take(whole >= needed && doubled * 2 >= whole ? whole : doubled)
    this.#memory.copy(larger, 0, 0, this.#size)
    pagePool.release(this.#memory)
    this.#memory = larger
  }
}
