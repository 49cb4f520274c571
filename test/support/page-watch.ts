// Says how many times the memory that is used again (`pagePool`) is retained.
import { type PagePool, pagePool } from '../../src/lib/page-pool.ts'
import { memoryLimits } from '../../src/limits/memory.ts'

export class PageWatch implements Disposable {
  /** Times that somebody has retained a page, beside whoever took it. */
  retainTotal = 0
  readonly #pages: PagePool
  readonly #counts = new Map<ArrayBufferLike, number>()

  constructor(pages: PagePool = pagePool) {
    this.#pages = pages
    const take = pages.take.bind(pages)
    const retain = pages.retain.bind(pages)
    const release = pages.release.bind(pages)
    pages.take = (size) => {
      const view = take(size)
      if (size >= memoryLimits.largePageSizeMin) this.#counts.set(view.buffer, 1)
      return view
    }
    pages.retain = (view) => {
      const isPage = retain(view)
      if (isPage) this.retainTotal++
      if (isPage) this.#change(view, 1)
      return isPage
    }
    pages.release = (view) => {
      release(view)
      this.#change(view, -1)
    }
  }

  /** Times that pages are retained, of those that were taken since the watch began. */
  get retainCount(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  [Symbol.dispose](): void {
    for (const name of ['take', 'retain', 'release']) Reflect.deleteProperty(this.#pages, name)
  }

  #change({ buffer }: Buffer, by: 1 | -1): void {
    const count = this.#counts.get(buffer)
    if (count === undefined) return
    if (count + by > 0) this.#counts.set(buffer, count + by)
    else this.#counts.delete(buffer)
  }
}
