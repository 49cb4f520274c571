// A long poll waits on this: any of its partitions getting records. It listens to each of them once,
// however often it is woken, because there may be 10,000.
import type { RequestContext } from './request-context.ts'

/** A partition, or what a share group sees of one. */
export interface RecordPlace {
  /** Calls back whenever there may be more to read. */
  addListener(listener: () => void): void
  removeListener(listener: () => void): void
}

export class RecordWatch implements Disposable {
  readonly #context: RequestContext
  readonly #partitions: readonly RecordPlace[]
  readonly #forgetClose: () => void
  readonly #forgetMoves: (() => void) | undefined
  /** Something happened since the last wait. */
  #isWoken = false
  #wake: (() => void) | undefined

  constructor(partitions: readonly RecordPlace[], context: RequestContext) {
    this.#context = context
    this.#partitions = partitions
    this.#forgetClose = context.client.onClose(this.#onMoved)
    this.#forgetMoves = context.led.moves?.onMove(this.#onMoved)
    for (const partition of partitions) partition.addListener(this.#onMoved)
  }

  /**
   * Resolves when a partition got records or is gone, when a cell has moved, when the clock's monotonic time is
   * `deadline`, or when the client is gone or is to go.
   */
  async waitUntil(deadline: number): Promise<void> {
    if (!this.#isWoken) {
      const { clock } = this.#context
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      // The deadline may have passed since the caller looked at the clock.
      const timer = clock.after(Math.max(0, deadline - clock.monotonic()), woken.resolve)
      await woken.promise
      timer.stop()
    }
    this.#wake = undefined
    this.#isWoken = false
  }

  [Symbol.dispose](): void {
    this.#forgetClose()
    this.#forgetMoves?.()
    for (const partition of this.#partitions) partition.removeListener(this.#onMoved)
  }

  readonly #onMoved = (): void => {
    this.#isWoken = true
    this.#wake?.()
  }
}
