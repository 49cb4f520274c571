// Requests without records become many times what they were sent as once they are read: objects of a
// hundred bytes and more for elements of a few. So large ones are read only as far as there is memory for
// them, in the order in which they came, whichever connections they are of. Until then their bytes wait.
import { Fifo } from '../../lib/fifo.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { memoryLimits } from '../../limits/memory.ts'

/** How many times its bytes a request takes at most. */
const growth = 30

export class LargeRequests {
  readonly #sizeMax: number
  readonly #waiting = new Fifo<() => void>()
  #size = 0

  /** `sizeMax` bytes may be taken by all of them. One is always read, however large it is. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** What a request counts as; 0 for one that need not wait. */
  static sizeOf(byteCount: number, hasRecords: boolean): number {
    if (hasRecords || byteCount <= memoryLimits.smallInputSize) return 0
    return Math.min(byteCount * growth, kafkaLimits.kafkaElementsMax * kafkaLimits.kafkaElementSize)
  }

  /** True when a request may be read now; call `end` for it once its answer is made. */
  tryBegin(size: number): boolean {
    if (this.#size > 0 && this.#size + size > this.#sizeMax) return false
    this.#size += size
    return true
  }

  end(size: number): void {
    this.#size -= size
    // Whoever still has no room, or waits behind others, comes again.
    for (let left = this.#waiting.size; left > 0 && this.#size < this.#sizeMax; left--) {
      this.#waiting.shift()?.()
    }
  }

  /** Calls back when another try is worth it. */
  whenRoom(callback: () => void): void {
    this.#waiting.push(callback)
  }
}
