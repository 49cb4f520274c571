// Offsets of records that wait, each with a priority: of the highest the first goes first.
import { NumberHeap } from '../queue/number-heap.ts'

export class LeveledOffsets {
  readonly #levels = new Map<number, number>()
  /** How many there are of each level that has some. */
  readonly #counts = new Map<number, number>()
  /** By level. A heap may still have offsets that have gone. */
  readonly #orders = new Map<number, NumberHeap>()

  get size(): number {
    return this.#levels.size
  }

  has(offset: number): boolean {
    return this.#levels.has(offset)
  }

  /** Its priority; -1 when it is not here. */
  levelOf(offset: number): number {
    return this.#levels.get(offset) ?? -1
  }

  /** One that is not here. */
  add(offset: number, level: number): void {
    this.#levels.set(offset, level)
    this.#counts.set(level, (this.#counts.get(level) ?? 0) + 1)
    let order = this.#orders.get(level)
    if (order === undefined) this.#orders.set(level, (order = new NumberHeap()))
    order.push(offset)
  }

  /** False when it was not here. */
  delete(offset: number): boolean {
    const level = this.#levels.get(offset)
    if (level === undefined) return false
    this.#levels.delete(offset)
    const count = this.#counts.get(level)! - 1
    if (count > 0) this.#counts.set(level, count)
    else {
      this.#counts.delete(level)
      this.#orders.delete(level)
    }
    return true
  }

  deleteBelow(end: number): void {
    for (const offset of this.#levels.keys()) if (offset < end) this.delete(offset)
  }

  /** Of the highest level the first; -1 when there is none. */
  first(): number {
    if (this.#levels.size === 0) return -1
    const order = this.#orders.get(Math.max(...this.#counts.keys()))!
    while (!this.#levels.has(order.peek())) order.pop()
    return order.peek()
  }

  /** How many go before those of `level`. */
  countAbove(level: number): number {
    let sum = 0
    for (const [each, count] of this.#counts) if (each > level) sum += count
    return sum
  }

  /** In no order. */
  offsets(): IterableIterator<number> {
    return this.#levels.keys()
  }

  clear(): void {
    this.#levels.clear()
    this.#counts.clear()
    this.#orders.clear()
  }
}
