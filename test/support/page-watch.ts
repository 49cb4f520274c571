// Says how many times the memory that is used again is retained: pages (`pagePool`), and runs of the
// log by their readers.
import { pagePool } from '../../src/lib/page-pool.ts'
import { memoryLimits } from '../../src/limits/memory.ts'
import { Run } from '../../src/log/run.ts'

export class PageWatch implements Disposable {
  /** Times that somebody has retained a page or a run, beside whoever took or made it. */
  retainTotal = 0
  /** Of the pages that were taken since the watch began. */
  readonly #counts = new Map<ArrayBufferLike, number>()
  /** Runs that readers have retained, and how many had retained them before. */
  readonly #runs = new Map<Run, number>()
  readonly #unwatch: (() => void)[] = []

  constructor() {
    const take = pagePool.take.bind(pagePool)
    const retain = pagePool.retain.bind(pagePool)
    const release = pagePool.release.bind(pagePool)
    this.#replace(pagePool, 'take', (size: number) => {
      const view = take(size)
      if (size >= memoryLimits.pageSizeMin) this.#counts.set(view.buffer, 1)
      return view
    })
    this.#replace(pagePool, 'retain', (view: Buffer) => {
      const isPage = retain(view)
      if (isPage) this.retainTotal++
      if (isPage) this.#change(view, 1)
      return isPage
    })
    this.#replace(pagePool, 'release', (view: Buffer) => {
      release(view)
      this.#change(view, -1)
    })
    const onRetain = (run: Run): void => {
      this.retainTotal++
      if (!this.#runs.has(run)) this.#runs.set(run, run.holderCount)
    }
    // oxlint-disable-next-line typescript/unbound-method -- it is called with the run below
    const { retain: retainRun } = Run.prototype
    this.#replace(Run.prototype, 'retain', function watched(this: Run) {
      onRetain(this)
      retainRun.call(this)
    })
  }

  /** Times that pages are retained that were taken since the watch began, and runs by readers. */
  get retainCount(): number {
    let sum = 0
    for (const count of this.#counts.values()) sum += count
    for (const [run, before] of this.#runs) sum += Math.max(0, run.holderCount - before)
    return sum
  }

  [Symbol.dispose](): void {
    for (const unwatch of this.#unwatch) unwatch()
  }

  #replace<T extends object, K extends keyof T>(owner: T, name: K, value: T[K]): void {
    const before = Object.getOwnPropertyDescriptor(owner, name)
    owner[name] = value
    this.#unwatch.push(() => {
      if (before === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, before)
    })
  }

  #change({ buffer }: Buffer, by: 1 | -1): void {
    const count = this.#counts.get(buffer)
    if (count === undefined) return
    if (count + by > 0) this.#counts.set(buffer, count + by)
    else this.#counts.delete(buffer)
  }
}
