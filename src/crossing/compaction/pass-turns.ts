// Passes of compaction one after the other: the thread for batches has the keys of one of them at a time, and the
// cells of a node share the thread.
//
// Invariant: no two passes have one id, so nothing is judged by the keys of another pass.

/** Of one pass, until it is disposed of. */
export interface PassTurn extends Disposable {
  /** No other pass of this process has it. */
  readonly id: number
}

interface Waiting {
  readonly begin: () => void
}

export class PassTurns {
  #lastId = 0
  #isTaken = false
  /** In their order. */
  readonly #waiting = new Set<Waiting>()

  /** Nobody has a turn: the thread has keys that nobody needs. */
  get isFree(): boolean {
    return !this.#isTaken
  }

  /** Resolves once nobody else has a turn, with undefined when `signal` is aborted before. A turn ends with `signal`, too. */
  async take(signal: AbortSignal): Promise<PassTurn | undefined> {
    if (signal.aborted || !(await this.#waitForTurn(signal))) return undefined
    let hasEnded = false
    const end = (): void => {
      if (hasEnded) return
      hasEnded = true
      signal.removeEventListener('abort', end)
      this.#passOn()
    }
    signal.addEventListener('abort', end)
    if (!signal.aborted) return { id: ++this.#lastId, [Symbol.dispose]: end }
    end()
    return undefined
  }

  /** Resolves with whether it came. */
  #waitForTurn(signal: AbortSignal): Promise<boolean> {
    if (!this.#isTaken) {
      this.#isTaken = true
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const leave = (isBegun: boolean): void => {
        this.#waiting.delete(waiting)
        signal.removeEventListener('abort', onAborted)
        resolve(isBegun)
      }
      const waiting: Waiting = { begin: () => leave(true) }
      const onAborted = (): void => leave(false)
      this.#waiting.add(waiting)
      signal.addEventListener('abort', onAborted)
    })
  }

  #passOn(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#isTaken = false
    else next.begin()
  }
}
