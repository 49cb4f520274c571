// A line to each of the other cells, from the moment on when cells can be asked until nobody asks any more.
import type { Clock } from '../../lib/clock.ts'
import { CellLine, type LineEvents } from './cell-line.ts'
import type { RecordCalls } from './record-calls.ts'

export class CellLines {
  readonly #clock: Clock
  readonly #lines = new Map<number, CellLine>()
  #calls: RecordCalls | undefined
  #events: LineEvents | undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether cells can be asked. */
  get isOpen(): boolean {
    return this.#calls !== undefined && !this.#isClosed
  }

  of(cell: number): CellLine {
    const known = this.#lines.get(cell)
    if (known !== undefined) return known
    const line = new CellLine(cell, {
      clock: this.#clock,
      calls: () => this.#calls,
      isClosed: () => this.#isClosed,
      onAway: (away, error) => this.#events?.onAway(away, error),
      onBack: (back) => this.#events?.onBack(back),
    })
    this.#lines.set(cell, line)
    return line
  }

  open(calls: RecordCalls, events: LineEvents): void {
    this.#calls = calls
    this.#events = events
  }

  close(): void {
    this.#isClosed = true
  }
}
