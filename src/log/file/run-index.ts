// Where the runs of one log are in one file: 32 bytes per run, in memory exactly as in the
// directory of a sealed file.
//
//   0 base offset i64 │ 8 max timestamp i64 │ 16 last offset delta u32
//  20 record count u31, above it 1 for a batch │ 24 position u32 │ 28 size u32
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import type { Run } from '../run.ts'
import { IntactRuns } from './intact-runs.ts'

export const runIndexStride = 32
const batchBit = 0x80
const recordCountMask = 0x7fff_ffff

/** Runs by ascending offset. Grows at the end while the file is written. */
export class RunIndex {
  count: number
  #bytes: Buffer
  #intact: IntactRuns | undefined

  constructor(bytes: Buffer = Buffer.allocUnsafe(runIndexStride)) {
    this.#bytes = bytes
    this.count = 0
  }

  /** Wraps a section of a directory. */
  static fromBytes(bytes: Buffer): RunIndex {
    const index = new RunIndex(bytes)
    index.count = bytes.length / runIndexStride
    return index
  }

  /** Made when it is first asked for: most indexes are of queues, which have no use for it. */
  get intact(): IntactRuns {
    return (this.#intact ??= new IntactRuns())
  }

  /** Memory that it takes. */
  get capacity(): number {
    return this.#bytes.length
  }

  add(run: IndexedRun): void {
    const at = this.count * runIndexStride
    if (at === this.#bytes.length) {
      const larger = Buffer.allocUnsafe(at * 2)
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    const bytes = this.#bytes
    writeInt64(bytes, at, run.baseOffset)
    writeInt64(bytes, at + 8, run.maxTimestamp)
    bytes.writeUInt32BE(run.lastOffset - run.baseOffset, at + 16)
    bytes.writeUInt32BE(run.recordCount, at + 20)
    if (run.isBatch) bytes[at + 20]! |= batchBit
    bytes.writeUInt32BE(run.position, at + 24)
    bytes.writeUInt32BE(run.size, at + 28)
    this.count++
  }

  get(index: number): IndexedRun {
    return {
      baseOffset: this.baseOffset(index),
      lastOffset: this.lastOffset(index),
      recordCount: this.recordCount(index),
      maxTimestamp: this.maxTimestamp(index),
      isBatch: this.isBatch(index),
      position: this.position(index),
      size: this.size(index),
    }
  }

  baseOffset(index: number): number {
    return readInt64(this.#bytes, index * runIndexStride)
  }

  maxTimestamp(index: number): number {
    return readInt64(this.#bytes, index * runIndexStride + 8)
  }

  lastOffset(index: number): number {
    const at = index * runIndexStride
    return readInt64(this.#bytes, at) + this.#bytes.readUInt32BE(at + 16)
  }

  recordCount(index: number): number {
    return this.#bytes.readUInt32BE(index * runIndexStride + 20) & recordCountMask
  }

  /** Whether it is a batch as it came, which lives or goes as a whole. */
  isBatch(index: number): boolean {
    return (this.#bytes[index * runIndexStride + 20]! & batchBit) !== 0
  }

  position(index: number): number {
    return this.#bytes.readUInt32BE(index * runIndexStride + 24)
  }

  size(index: number): number {
    return this.#bytes.readUInt32BE(index * runIndexStride + 28)
  }

  /** Index of the first run that ends at or after `offset`; `count` when there is none. */
  find(offset: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.lastOffset(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The bytes of all runs: a view. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.count * runIndexStride)
  }
}

/** What the index keeps of a run. */
export interface IndexedRun {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly recordCount: number
  readonly maxTimestamp: number
  readonly isBatch: boolean
  readonly position: number
  readonly size: number
}

/** What the index keeps of `run`, which is stored at `position`. */
export function indexedRun(run: Run, position: number): IndexedRun {
  const { baseOffset, lastOffset, recordCount, maxTimestamp, isForeign, size } = run
  return { baseOffset, lastOffset, recordCount, maxTimestamp, isBatch: isForeign, position, size }
}
