// Asks another cell with patience: what fails is asked again until it is answered or nobody needs it any more. A cell
// that is away for long is told of once, and once when it is back.
import type { Clock } from '../../lib/clock.ts'
import { spreadLimits } from '../../limits/spread.ts'
import type { RecordCalls } from './record-calls.ts'

/** Told of cells that do not answer. */
export interface LineEvents {
  /** It has not answered for a while; why not. */
  onAway(cell: number, error: Error): void
  onBack(cell: number): void
}

export interface LineParts extends LineEvents {
  readonly clock: Clock
  /** Undefined as long as nobody can be asked. */
  readonly calls: () => RecordCalls | undefined
  readonly isClosed: () => boolean
}

/** Nobody needs an answer any more. */
export class NobodyAsksError extends Error {}

export class CellLine {
  readonly cell: number
  readonly #parts: LineParts
  /** Since when it has not answered, by the monotonic clock. */
  #awaySince: number | undefined
  #isTold = false

  constructor(cell: number, parts: LineParts) {
    this.cell = cell
    this.#parts = parts
  }

  /**
   * Rejects with `NobodyAsksError` once `isOver`, with what failed last when that lasts for longer than `msMax`. Never
   * settles when the cell of whoever asks is closed meanwhile.
   */
  async ask<T>(
    work: (calls: RecordCalls) => Promise<T>,
    isOver: () => boolean,
    msMax: number = Infinity,
  ): Promise<T> {
    const { clock, isClosed } = this.#parts
    const startedAt = clock.monotonic()
    for (let pauseMs: number = spreadLimits.retryMsMin; ;) {
      if (isClosed()) await new Promise(() => undefined)
      if (isOver()) throw new NobodyAsksError('nobody needs an answer')
      const leftMs = startedAt + msMax - clock.monotonic()
      try {
        const answer = await this.#try(work, Math.min(leftMs, spreadLimits.callMs))
        this.#onAnswer()
        return answer
      } catch (error) {
        this.#onFailed(error as Error)
        if (leftMs <= pauseMs) throw error
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
      pauseMs = Math.min(pauseMs * 2, spreadLimits.retryMsMax)
    }
  }

  /** An answer may never come: whoever was asked may have lost the cell meanwhile. */
  #try<T>(work: (calls: RecordCalls) => Promise<T>, msMax: number): Promise<T> {
    const calls = this.#parts.calls()
    if (calls === undefined) return Promise.reject(new Error('the cell has just been opened'))
    return new Promise((resolve, reject) => {
      const timer = this.#parts.clock.after(msMax, () => {
        reject(new Error(`cell ${this.cell} has not answered`))
      })
      work(calls)
        .then(resolve, reject)
        .finally(() => timer.stop())
    })
  }

  #onAnswer(): void {
    this.#awaySince = undefined
    if (!this.#isTold) return
    this.#isTold = false
    this.#parts.onBack(this.cell)
  }

  #onFailed(error: Error): void {
    const now = this.#parts.clock.monotonic()
    this.#awaySince ??= now
    // Cells move: that takes a moment.
    if (this.#isTold || now - this.#awaySince < spreadLimits.awayMs) return
    this.#isTold = true
    this.#parts.onAway(this.cell, error)
  }
}
