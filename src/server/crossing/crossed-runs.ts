import { limits } from '../../limits.ts'
import type { Run } from '../../log/run.ts'

/** Which runs keep their other form: the ones converted last, as many as fit. */
export class CrossedRuns {
  #runs: Run[] = []
  #sizes: number[] = []
  /** Everything before this index is given up. */
  #head = 0
  #size = 0

  /** The last one stays whatever its size, or its reader would convert it for every record. */
  keep(run: Run, crossed: Run): void {
    run.crossed = crossed
    const size = crossed.buffer.length
    this.#runs.push(run)
    this.#sizes.push(size)
    this.#size += size
    while (this.#size > limits.crossedRunsSizeMax && this.#head < this.#runs.length - 1) {
      this.#giveUpFirst()
    }
    if (this.#head * 2 > this.#runs.length) this.#compact()
  }

  #giveUpFirst(): void {
    const run = this.#runs[this.#head] as Run
    this.#size -= this.#sizes[this.#head] as number
    run.crossed = undefined
    this.#head++
  }

  #compact(): void {
    this.#runs = this.#runs.slice(this.#head)
    this.#sizes = this.#sizes.slice(this.#head)
    this.#head = 0
  }
}
