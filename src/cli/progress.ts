// How far long work is, in one line on stderr that is written again and again; nothing where nobody looks.
import type { Clock } from '../lib/clock.ts'
import { programLimits } from '../limits/program.ts'
import type { Terminal } from './terminal.ts'

const barWidth = 24

export interface ProgressOptions {
  readonly clock: Clock
  /** What is counted: `messages`. */
  readonly unit: string
  /** How much it will be, when that is known. */
  readonly total?: number | undefined
}

export class Progress {
  readonly #terminal: Terminal
  readonly #options: ProgressOptions
  /** On the monotonic clock. */
  readonly startedAt: number
  #shownAt: number
  #done = 0

  constructor(terminal: Terminal, options: ProgressOptions) {
    this.#terminal = terminal
    this.#options = options
    this.startedAt = options.clock.monotonic()
    this.#shownAt = this.startedAt
  }

  get done(): number {
    return this.#done
  }

  /** Some more is done. */
  add(count = 1): void {
    this.#done += count
    const now = this.#options.clock.monotonic()
    if (now - this.#shownAt < programLimits.progressMs) return
    this.#shownAt = now
    this.#terminal.showProgress(this.#line(now))
  }

  /** Takes the line away. */
  end(): void {
    this.#terminal.showProgress('')
  }

  #line(now: number): string {
    const { total, unit } = this.#options
    const perSecond = this.#done / ((now - this.startedAt) / 1000)
    const rate = `${Math.round(perSecond)}/s`
    if (total === undefined || total === 0) return `${this.#done} ${unit}, ${rate}`
    const share = Math.min(1, this.#done / total)
    const full = Math.round(share * barWidth)
    const bar = '#'.repeat(full).padEnd(barWidth, '.')
    const left = Math.ceil((total - this.#done) / perSecond)
    return `[${bar}] ${Math.floor(share * 100)}%, ${this.#done} of ${total} ${unit}, ${rate}, ${left} s left`
  }
}
