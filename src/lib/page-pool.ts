// Memory that is used again: bodies, requests, runs and what is read from files. Fresh memory costs
// twice: the system clears each 4 KiB of it when they are first touched, some 4 ms for 16 MiB,
// and V8 collects garbage for every few dozen megabytes that come and go.
//
// Everyone who keeps a view for longer than a call retains its page and releases it once; whoever
// takes a page has retained it. Invariant: a page is given out again only when nobody retains it. A
// page that is never released is left to the collector.
import { memoryLimits } from '../limits/memory.ts'
import { assert } from './assert.ts'
import { type Clock, systemClock } from './clock.ts'

interface Page {
  readonly memory: Buffer
  /** 0 while it is free. */
  holders: number
  /** It was free the last time somebody looked. */
  isStale: boolean
}

export interface PagePoolOptions {
  readonly clock: Clock
  /** Smaller values get memory of their own, which is not used again. */
  readonly sizeMin: number
  /** Pages that small values share. */
  readonly sharedSize: number
  /** Bytes of pages that nobody uses and that are kept. */
  readonly freeSizeMax: number
  /** A page that was not used for so long goes, after twice that at the latest. */
  readonly idleMs: number
}

export class PagePool {
  /** Called with each page that nobody retains any more: a door for `testing/poison-pages.ts`. */
  onFree: (memory: Buffer) => void = ignore
  readonly #options: PagePoolOptions
  readonly #pages = new WeakMap<ArrayBufferLike, Page>()
  /** By their size; used last is last. */
  readonly #free = new Map<number, Page[]>()
  #freeSize = 0
  /** Where the next small value goes, and how much of it is taken. */
  #shared: Buffer | undefined
  #sharedSize = 0
  #isWatched = false

  constructor(options: PagePoolOptions) {
    this.#options = options
  }

  /** Bytes of pages that nobody uses. */
  get freeSize(): number {
    return this.#freeSize
  }

  /** `size` bytes with anything in them. The caller retains them. */
  take(size: number): Buffer {
    if (size < this.#options.sizeMin) return Buffer.allocUnsafe(size)
    const page = this.#takeFree(pageSizeFor(size)) ?? this.#create(pageSizeFor(size))
    page.holders = 1
    page.isStale = false
    return page.memory.subarray(0, size)
  }

  /** A copy of something small, in a page with others that come at about the same time. Retained. */
  copy(bytes: Buffer): Buffer {
    let shared = this.#shared
    if (shared === undefined || shared.length - this.#sharedSize < bytes.length) {
      if (shared !== undefined) this.release(shared)
      shared = this.take(Math.max(this.#options.sharedSize, bytes.length))
      this.#shared = shared
      this.#sharedSize = 0
    }
    const start = this.#sharedSize
    this.#sharedSize += bytes.length
    const view = shared.subarray(start, this.#sharedSize)
    bytes.copy(view)
    this.retain(view)
    return view
  }

  /** Somebody keeps this view for longer than the call. False: it is no page, nobody uses it again. */
  retain(view: Buffer): boolean {
    const page = this.#pages.get(view.buffer)
    if (page === undefined) return false
    assert(page.holders > 0, 'a page that nobody retains cannot be retained')
    page.holders++
    return true
  }

  /** One of those who retained it needs the view no more. Does nothing unless it is of a page. */
  release(view: Buffer): void {
    const page = this.#pages.get(view.buffer)
    if (page === undefined) return
    assert(page.holders > 0, 'a page was released once too often')
    page.holders--
    if (page.holders > 0) return
    this.onFree(page.memory)
    const size = page.memory.length
    if (this.#freeSize + size > this.#options.freeSizeMax) {
      this.#pages.delete(page.memory.buffer)
      return
    }
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, [page])
    else free.push(page)
    this.#freeSize += size
    if (!this.#isWatched) this.#watch()
  }

  #takeFree(size: number): Page | undefined {
    const page = this.#free.get(size)?.pop()
    if (page !== undefined) this.#freeSize -= size
    return page
  }

  #create(size: number): Page {
    const page = { memory: Buffer.allocUnsafeSlow(size), holders: 0, isStale: false }
    this.#pages.set(page.memory.buffer, page)
    return page
  }

  #dropStale(): void {
    for (const [size, pages] of this.#free) {
      const kept = pages.filter(({ isStale }) => !isStale)
      for (const { memory } of pages.filter(({ isStale }) => isStale)) {
        this.#pages.delete(memory.buffer)
        this.#freeSize -= size
      }
      for (const page of kept) page.isStale = true
      if (kept.length > 0) this.#free.set(size, kept)
      else this.#free.delete(size)
    }
    if (this.#free.size > 0) this.#watch()
    else this.#isWatched = false
  }

  #watch(): void {
    const { clock, idleMs } = this.#options
    this.#isWatched = true
    clock.after(idleMs, () => this.#dropStale())
  }
}

/** Four sizes for each power of two: a fifth of a page is wasted at most. */
function pageSizeFor(size: number): number {
  const step = 2 ** (Math.floor(Math.log2(size)) - 2)
  return Math.ceil(size / step) * step
}

/** One for the process: what one needs no more is next to be used by another. */
export const pagePool: PagePool = new PagePool({
  clock: systemClock,
  sizeMin: memoryLimits.pageSizeMin,
  sharedSize: memoryLimits.sharedPageSize,
  freeSizeMax: memoryLimits.freePagesSizeMax,
  idleMs: memoryLimits.freePagesIdleMs,
})

function ignore(): void {}
