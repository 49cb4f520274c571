// What a long poll waits on: any of its partitions getting records. It listens to each of them once,
// however often it is woken, because there may be 10,000.
import type { Partition } from '../../broker/topic/partition.ts'
import type { RequestContext } from './request-context.ts'

export class RecordWatch implements Disposable {
  readonly #context: RequestContext
  readonly #partitions: readonly Partition[]
  readonly #forgetClose: () => void
  /** Something happened since the last wait. */
  #isWoken = false
  #wake: (() => void) | undefined

  constructor(partitions: readonly Partition[], context: RequestContext) {
    this.#context = context
    this.#partitions = partitions
    this.#forgetClose = context.client.onClose(this.#onMoved)
    for (const partition of partitions) partition.addListener(this.#onMoved)
  }

  /** Resolves when a partition got records or is gone, the time is up, or the client is gone. */
  async wait(ms: number): Promise<void> {
    if (!this.#isWoken) {
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      const timer = this.#context.clock.after(ms, woken.resolve)
      await woken.promise
      timer.stop()
    }
    this.#wake = undefined
    this.#isWoken = false
  }

  [Symbol.dispose](): void {
    this.#forgetClose()
    for (const partition of this.#partitions) partition.removeListener(this.#onMoved)
  }

  readonly #onMoved = (): void => {
    this.#isWoken = true
    this.#wake?.()
  }
}
