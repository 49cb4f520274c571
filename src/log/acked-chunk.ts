// Which of 65,536 consecutive offsets are acked: as sorted runs while they are few, as a bitmap
// when they are many, as nothing at all when it is all of them.
import { logLimits } from '../limits/log.ts'

export const chunkSize = 65_536
const bitmapWords = chunkSize / 32

/** Indexes are 0 … 65,535 within the chunk. */
export class AckedChunk {
  count = 0
  /** Ends are inclusive: [first, last, first, last, …], ascending, never adjacent. */
  #runs: number[] | undefined = []
  #bitmap: Uint32Array | undefined

  has(index: number): boolean {
    if (this.#bitmap !== undefined) return ((this.#bitmap[index >>> 5]! >>> (index & 31)) & 1) === 1
    if (this.#runs === undefined) return true
    const at = this.#lastRunStartingAtOrBefore(index)
    return at >= 0 && index <= this.#runs[at + 1]!
  }

  /** Marks `index`; false when it was marked already. */
  add(index: number): boolean {
    if (this.has(index)) return false
    this.count++
    if (this.count === chunkSize) {
      this.#runs = undefined
      this.#bitmap = undefined
    } else if (this.#bitmap !== undefined) {
      this.#bitmap[index >>> 5]! |= 1 << (index & 31)
    } else {
      this.#addToRuns(index)
    }
    return true
  }

  /** The first unmarked index at or after `index`, or `chunkSize`. */
  nextUnmarked(index: number): number {
    if (this.#runs === undefined && this.#bitmap === undefined) return chunkSize
    if (this.#bitmap === undefined) {
      const runs = this.#runs as number[]
      const at = this.#lastRunStartingAtOrBefore(index)
      return at >= 0 && index <= runs[at + 1]! ? runs[at + 1]! + 1 : index
    }
    return nextZeroBit(this.#bitmap, index)
  }

  /** How many of first … last (inclusive) are marked. */
  countIn(first: number, last: number): number {
    if (first === 0 && last === chunkSize - 1) return this.count
    if (this.#bitmap !== undefined) return countBits(this.#bitmap, first, last)
    if (this.#runs === undefined) return last - first + 1
    let count = 0
    for (let at = 0; at < this.#runs.length; at += 2) {
      const from = Math.max(first, this.#runs[at]!)
      const to = Math.min(last, this.#runs[at + 1]!)
      if (to >= from) count += to - from + 1
    }
    return count
  }

  /** Calls `visit` for each run of marked indexes, ascending. */
  forEachRun(visit: (first: number, last: number) => void): void {
    if (this.#runs !== undefined) {
      for (let at = 0; at < this.#runs.length; at += 2) visit(this.#runs[at]!, this.#runs[at + 1]!)
      return
    }
    let first = 0
    while (first < chunkSize) {
      const end = this.nextUnmarked(first)
      if (end > first) visit(first, end - 1)
      first = end + 1
    }
  }

  #addToRuns(index: number): void {
    const runs = this.#runs as number[]
    const at = this.#lastRunStartingAtOrBefore(index)
    const joinsLeft = at >= 0 && runs[at + 1] === index - 1
    const joinsRight = runs[at + 2] === index + 1
    if (joinsLeft && joinsRight) runs.splice(at + 1, 2)
    else if (joinsLeft) runs[at + 1] = index
    else if (joinsRight) runs[at + 2] = index
    else runs.splice(at + 2, 0, index, index)
    if (runs.length > logLimits.ackedRunsPerChunkMax * 2) this.#turnIntoBitmap()
  }

  #turnIntoBitmap(): void {
    const bitmap = new Uint32Array(bitmapWords)
    this.forEachRun((first, last) => {
      for (let index = first; index <= last; index++) bitmap[index >>> 5]! |= 1 << (index & 31)
    })
    this.#bitmap = bitmap
    this.#runs = undefined
  }

  /** Place in the run array of the last run that starts at or before `index`, or -2. */
  #lastRunStartingAtOrBefore(index: number): number {
    const runs = this.#runs as number[]
    let low = 0
    let high = runs.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (runs[middle * 2]! <= index) low = middle + 1
      else high = middle
    }
    return (low - 1) * 2
  }
}

function nextZeroBit(bitmap: Uint32Array, index: number): number {
  let word = index >>> 5
  // Bits below `index` count as set.
  let set = bitmap[word]! | (2 ** (index & 31) - 1)
  while (~set === 0) {
    word++
    if (word === bitmapWords) return chunkSize
    set = bitmap[word]!
  }
  return word * 32 + (31 - Math.clz32(~set & -~set))
}

function countBits(bitmap: Uint32Array, first: number, last: number): number {
  let count = 0
  for (let index = first; index <= last;) {
    if ((index & 31) === 0 && index + 31 <= last) {
      count += populationCount(bitmap[index >>> 5]!)
      index += 32
    } else {
      count += (bitmap[index >>> 5]! >>> (index & 31)) & 1
      index++
    }
  }
  return count
}

function populationCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
