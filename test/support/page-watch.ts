// Watches the memory that is used again (`largePages`): says who holds how much of it, and writes over
// what nobody holds at once, so that a view kept too long is seen without waiting for the next user.
import { type LargePages, largePages } from '../../src/lib/large-pages.ts'
import { memoryLimits } from '../../src/limits/memory.ts'

const poison = 0xdb

export class PageWatch implements Disposable {
  /** Times that somebody has held a page, beside whoever took it. */
  holdTotal = 0
  readonly #pages: LargePages
  readonly #holders = new Map<ArrayBufferLike, number>()

  constructor(pages: LargePages = largePages) {
    this.#pages = pages
    const take = pages.take.bind(pages)
    const hold = pages.hold.bind(pages)
    const letGo = pages.letGo.bind(pages)
    pages.take = (size) => {
      const view = take(size)
      if (size >= memoryLimits.largePageSizeMin) this.#holders.set(view.buffer, 1)
      return view
    }
    pages.hold = (view) => {
      const isPage = hold(view)
      if (isPage) this.holdTotal++
      if (isPage) this.#change(view, 1)
      return isPage
    }
    pages.letGo = (view) => {
      letGo(view)
      this.#change(view, -1)
    }
  }

  /** Times that pages are held, of those that were taken since the watch began. */
  get holdCount(): number {
    return [...this.#holders.values()].reduce((sum, count) => sum + count, 0)
  }

  [Symbol.dispose](): void {
    for (const name of ['take', 'hold', 'letGo']) Reflect.deleteProperty(this.#pages, name)
  }

  #change({ buffer }: Buffer, by: 1 | -1): void {
    const count = this.#holders.get(buffer)
    if (count === undefined) return
    this.#holders.set(buffer, count + by)
    if (count + by > 0) return
    this.#holders.delete(buffer)
    Buffer.from(buffer).fill(poison)
  }
}
