/** Offsets in rising order: a binary heap of plain numbers. */
export class OffsetHeap {
  readonly #heap: number[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The smallest offset, or -1. */
  peek(): number {
    return this.#heap[0] ?? -1
  }

  push(offset: number): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (heap[parent]! <= offset) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = offset
  }

  /** Removes and returns the smallest offset, or -1. */
  pop(): number {
    const heap = this.#heap
    const smallest = heap[0] ?? -1
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return smallest
    this.#siftDown(last)
    return smallest
  }

  #siftDown(offset: number): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= offset) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = offset
  }
}
