// What happened, in order: two runs of one seed have the same trace, which a hash over all of it proves.
import { crc32c } from '../../src/lib/crc32c.ts'

export interface TraceOptions {
  readonly now: () => number
  /** Gets each line as it comes; without it only hash and count are kept, and the last lines. */
  readonly write?: ((line: string) => void) | undefined
}

/** Lines kept for a report. */
const recentMax = 60

export class Trace {
  hash = 0
  count = 0
  readonly #options: TraceOptions
  readonly #recent: string[] = []

  constructor(options: TraceOptions) {
    this.#options = options
  }

  /** `who` did or saw `what`. */
  note(who: string, what: string): void {
    const line = `${this.#options.now().toFixed(3).padStart(11)} ${who.padEnd(12)} ${what}`
    this.hash = crc32c(Buffer.from(line), this.hash)
    this.count++
    this.#options.write?.(line)
    this.#recent.push(line)
    if (this.#recent.length > recentMax) this.#recent.shift()
  }

  get recent(): readonly string[] {
    return this.#recent
  }
}
