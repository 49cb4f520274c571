// Memory of full runs and of windows, used again and again. V8 collects garbage for every few dozen
// megabytes of buffers that come and go, however small the heap: with a page made anew for each run
// that would be many times a second. Invariant: a page is given out again only when nobody can have a view of
// it, so whoever lets a view outlive its call says so first.
import { memoryLimits } from '../limits/memory.ts'

export class RunPages {
  readonly #sizeMax: number
  /** By their size. */
  readonly #free = new Map<number, Buffer[]>()
  #freeSize = 0
  /** Memory that was made here and that nobody has kept a view of. */
  readonly #own = new WeakSet<ArrayBufferLike>()

  /** Keeps at most `sizeMax` bytes of pages that nobody uses. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** A page of `size` bytes with anything in it. There are few sizes. */
  take(size: number): Buffer {
    const free = this.#free.get(size)?.pop()
    if (free !== undefined) {
      this.#freeSize -= size
      return free
    }
    const page = Buffer.allocUnsafeSlow(size)
    this.#own.add(page.buffer)
    return page
  }

  /** Somebody keeps a view of this memory: if it is a page, it will not be given out again. */
  lend(view: Buffer): void {
    this.#own.delete(view.buffer)
  }

  /** Nobody uses `buffer` any more. Does nothing unless it is a page that was not lent. */
  giveBack(buffer: Buffer): void {
    const size = buffer.length
    const isPage = this.#own.has(buffer.buffer) && size === buffer.buffer.byteLength
    if (!isPage || this.#freeSize + size > this.#sizeMax) return
    this.#freeSize += size
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, [buffer])
    else free.push(buffer)
  }
}

/** One for all logs of the process: what one of them needs no more is next to be used by another. */
export const runPages: RunPages = new RunPages(memoryLimits.freePagesSizeMax)
