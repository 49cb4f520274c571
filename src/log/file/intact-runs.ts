// Which runs of an index were found intact lately: groups that read the same one after the other
// need not have every byte of it checked for each of them.
import { logLimits } from '../../limits/log.ts'

export class IntactRuns {
  /** One bit a run. */
  #bits = new Uint8Array()
  #end = -Infinity

  /** Whether the run at place `at` of the index was found intact lately; `now` is monotonic, in ms. */
  has(at: number, now: number): boolean {
    return now < this.#end && (this.#bits[at >>> 3]! & (1 << (at & 7))) !== 0
  }

  add(at: number, now: number): void {
    if (now >= this.#end) {
      this.#bits.fill(0)
      this.#end = now + logLimits.runIntactMs
    }
    const place = at >>> 3
    if (place >= this.#bits.length) {
      const larger = new Uint8Array(place * 2 + 1)
      larger.set(this.#bits)
      this.#bits = larger
    }
    this.#bits[place]! |= 1 << (at & 7)
  }
}
