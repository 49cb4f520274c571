// What an engine loaded of a log's older records for its readers: at most two stretches, so that
// the next one can be loaded while the reader is busy with one, and so that a look elsewhere (a
// requeued message) does not cost the reader its place.
import type { Run } from './run.ts'

/** Told when a reader goes on into a window that was not the one it read last. */
export interface WindowListener {
  onEntered(window: LogWindow): void
}

export interface LogWindowOptions {
  /** Every existing record of [start, end) that is not in the log's tail; ascending. */
  readonly runs: readonly Run[]
  readonly start: number
  readonly end: number
  readonly listener?: WindowListener
}

export class LogWindow {
  readonly runs: readonly Run[]
  readonly start: number
  readonly end: number
  readonly listener: WindowListener | undefined

  constructor({ runs, start, end, listener }: LogWindowOptions) {
    this.runs = runs
    this.start = start
    this.end = end
    this.listener = listener
  }

  has(offset: number): boolean {
    return this.start <= offset && offset < this.end
  }

  /** The first run that ends at or after `offset`. */
  find(offset: number): Run | undefined {
    const { runs } = this
    let low = 0
    let high = runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (runs[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return runs[low]
  }
}

/** The windows of one log. */
export class Windows {
  /** The one that was read last, and the other. */
  #used: LogWindow | undefined
  #other: LogWindow | undefined

  /** The one that was read last. */
  get used(): LogWindow | undefined {
    return this.#used
  }

  has(offset: number): boolean {
    return this.#used?.has(offset) === true || this.#other?.has(offset) === true
  }

  /** The window that tells what is at `offset`, for somebody who reads there. */
  enter(offset: number): LogWindow | undefined {
    const used = this.#used
    if (used?.has(offset) === true) return used
    const other = this.#other
    if (other?.has(offset) !== true) return undefined
    this.#used = other
    this.#other = used
    other.listener?.onEntered(other)
    return other
  }

  /** Adds a window and returns the one that gave way: the one that was not read last. */
  add(window: LogWindow): LogWindow | undefined {
    const replaced = this.#other
    this.#other = window
    return replaced
  }

  drop(window: LogWindow): void {
    if (this.#used === window) this.#used = undefined
    if (this.#other === window) this.#other = undefined
  }

  /** Drops all and returns them. */
  clear(): LogWindow[] {
    const windows = [this.#used, this.#other].filter((window) => window !== undefined)
    this.#used = undefined
    this.#other = undefined
    return windows
  }
}
