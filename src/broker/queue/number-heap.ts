/** Numbers from 0 up, offsets or times, of which the smallest is first: a binary heap. */
export class NumberHeap {
  readonly #heap: number[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The smallest number, or -1. */
  peek(): number {
    return this.#heap[0] ?? -1
  }

  push(number: number): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (heap[parent]! <= number) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = number
  }

  /** Removes and returns the smallest number, or -1. */
  pop(): number {
    const heap = this.#heap
    const smallest = heap[0] ?? -1
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return smallest
    this.#siftDown(last)
    return smallest
  }

  /** Removes those that are in `numbers`. */
  removeAll(numbers: ReadonlySet<number>): void {
    const kept = this.#heap.filter((number) => !numbers.has(number))
    if (kept.length === this.#heap.length) return
    this.#heap.length = 0
    // What is sorted is a heap.
    for (const number of kept.sort((a, b) => a - b)) this.#heap.push(number)
  }

  /** All of them, in no order. */
  values(): IterableIterator<number> {
    return this.#heap.values()
  }

  clear(): void {
    this.#heap.length = 0
  }

  #siftDown(number: number): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= number) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = number
  }
}
