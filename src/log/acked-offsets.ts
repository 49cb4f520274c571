// Which offsets of a log were acked. Everything below the floor is; above
// it, chunks of 65,536 offsets remember what was acked out of order. Memory follows the
// fragmentation of acks, never the number of waiting messages.
import { AckedChunk, chunkSize } from './acked-chunk.ts'

/** The acked offsets of one cursor. */
export class AckedOffsets {
  #floor = 0
  #ackedAbove = 0
  /** Made when something is acked out of order: there may be 100,000 cursors. */
  #chunks: Map<number, AckedChunk> | undefined

  /** Every offset below this one is acked; this one is not. */
  get floor(): number {
    return this.#floor
  }

  /** How many offsets above the floor are acked. */
  get ackedAbove(): number {
    return this.#ackedAbove
  }

  /** Acks one offset; false when it was acked already. */
  ack(offset: number): boolean {
    if (offset === this.#floor) {
      this.#floor = offset + 1
      if (this.#ackedAbove > 0) this.#raiseFloor()
      return true
    }
    if (offset < this.#floor) return false
    const chunkIndex = Math.floor(offset / chunkSize)
    this.#chunks ??= new Map()
    let chunk = this.#chunks.get(chunkIndex)
    if (chunk === undefined) {
      chunk = new AckedChunk()
      this.#chunks.set(chunkIndex, chunk)
    }
    if (!chunk.add(offset - chunkIndex * chunkSize)) return false
    this.#ackedAbove++
    return true
  }

  /** Acks first … last (inclusive) and returns how many of them were not acked before. */
  ackRange(first: number, last: number): number {
    if (first <= this.#floor) {
      if (last < this.#floor) return 0
      const count = last - this.#floor + 1 - this.#ackedIn(this.#floor, last)
      this.#setFloor(last + 1)
      return count
    }
    let count = 0
    for (let offset = first; offset <= last; offset++) if (this.ack(offset)) count++
    return count
  }

  isAcked(offset: number): boolean {
    if (offset < this.#floor) return true
    if (this.#ackedAbove === 0) return false
    const chunkIndex = Math.floor(offset / chunkSize)
    return this.#chunks?.get(chunkIndex)?.has(offset - chunkIndex * chunkSize) ?? false
  }

  /** The first offset at or after `offset` that is not acked. */
  nextUnacked(offset: number): number {
    let at = Math.max(offset, this.#floor)
    while (this.#ackedAbove > 0) {
      const chunkIndex = Math.floor(at / chunkSize)
      const chunk = this.#chunks?.get(chunkIndex)
      if (chunk === undefined) return at
      const index = chunk.nextUnmarked(at - chunkIndex * chunkSize)
      at = chunkIndex * chunkSize + index
      if (index < chunkSize) return at
    }
    return at
  }

  /** How many of first … last (inclusive) are not acked. */
  unackedIn(first: number, last: number): number {
    const from = Math.max(first, this.#floor)
    return last < from ? 0 : last - from + 1 - this.#ackedIn(from, last)
  }

  /** Raises the floor to `offset` without asking what lies below (recovery, trim, purge of all). */
  forgetBelow(offset: number): void {
    if (offset > this.#floor) this.#setFloor(offset)
  }

  /** Calls `visit` for each run of acked offsets above the floor, ascending. */
  forEachAckedRun(visit: (first: number, last: number) => void): void {
    for (const chunkIndex of this.chunkIndexes()) {
      const base = chunkIndex * chunkSize
      this.#chunks?.get(chunkIndex)?.forEachRun((first, last) => {
        // The floor's own chunk keeps marks below the floor until it is dropped as a whole.
        if (base + last >= this.#floor) visit(Math.max(base + first, this.#floor), base + last)
      })
    }
  }

  /** The chunks of 65,536 offsets that hold acks above the floor, ascending. */
  chunkIndexes(): number[] {
    return [...(this.#chunks?.keys() ?? [])].toSorted((a, b) => a - b)
  }

  /** One of those chunks, as long as the floor has not passed it. */
  findChunk(chunkIndex: number): AckedChunk | undefined {
    return this.#chunks?.get(chunkIndex)
  }

  /** `floor` is at or above zero and `offset` just became acked below it: swallow what follows. */
  #raiseFloor(): void {
    const floor = this.#floor
    this.#floor = this.nextUnacked(floor)
    this.#ackedAbove -= this.#floor - floor
    this.#dropChunksBelow(floor)
  }

  #setFloor(floor: number): void {
    const previous = this.#floor
    this.#ackedAbove -= this.#ackedIn(previous, floor - 1)
    this.#floor = floor
    this.#dropChunksBelow(previous)
    if (this.#ackedAbove > 0 && this.isAcked(floor)) this.#raiseFloor()
  }

  /** Chunks that the floor has passed as a whole are not needed any more. */
  #dropChunksBelow(previousFloor: number): void {
    const chunks = this.#chunks
    if (chunks === undefined) return
    const first = Math.floor(previousFloor / chunkSize)
    const end = Math.floor(this.#floor / chunkSize)
    if (this.#ackedAbove === 0) chunks.clear()
    else if (end - first > chunks.size) {
      for (const chunkIndex of chunks.keys()) if (chunkIndex < end) chunks.delete(chunkIndex)
    } else for (let chunkIndex = first; chunkIndex < end; chunkIndex++) chunks.delete(chunkIndex)
  }

  /** Acked offsets in first … last, where first is at or above the floor. */
  #ackedIn(first: number, last: number): number {
    if (this.#ackedAbove === 0 || last < first || this.#chunks === undefined) return 0
    const firstChunk = Math.floor(first / chunkSize)
    const lastChunk = Math.floor(last / chunkSize)
    let count = 0
    if (lastChunk - firstChunk > this.#chunks.size) {
      for (const chunkIndex of this.#chunks.keys())
        count += this.#ackedInChunk(chunkIndex, first, last)
      return count
    }
    for (let chunkIndex = firstChunk; chunkIndex <= lastChunk; chunkIndex++) {
      count += this.#ackedInChunk(chunkIndex, first, last)
    }
    return count
  }

  #ackedInChunk(chunkIndex: number, first: number, last: number): number {
    const chunk = this.#chunks?.get(chunkIndex)
    if (chunk === undefined) return 0
    const base = chunkIndex * chunkSize
    const from = Math.max(first - base, 0)
    const to = Math.min(last - base, chunkSize - 1)
    return to < from ? 0 : chunk.countIn(from, to)
  }
}
