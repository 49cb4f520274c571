// So many at a time; the others wait in their order.
import { Fifo } from './fifo.ts'

export class WorkGate {
  #free: number
  readonly #waiting = new Fifo<() => void>()

  constructor(countMax: number) {
    this.#free = countMax
  }

  /** Does `work` once it has its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
