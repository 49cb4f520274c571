// Finds runs by time and by size. Extents know their latest timestamp and their size, so only the
// directories of files in which the answer lies are read.
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { ColdReader } from './cold-reader.ts'
import { livingSize } from './living-size.ts'
import type { LogExtents } from './log-extents.ts'
import type { RunIndex } from './run-index.ts'
import type { RunReader } from './run-reader.ts'
import type { Extent } from './segment.ts'

export interface RunFinderOptions {
  readonly extents: LogExtents
  readonly coldReader: ColdReader
  readonly runReader: RunReader
}

/** What a log keeps: nothing older, and no more bytes. */
export interface RetentionRule {
  readonly timestampMin: number
  readonly sizeMax: number
}

export class RunFinder {
  readonly #options: RunFinderOptions

  constructor(options: RunFinderOptions) {
    this.#options = options
  }

  /** See `LogStore.findRunByTimestamp`. */
  async findByTimestamp(log: Log, timestamp: number, offset: number): Promise<Run | undefined> {
    for (let at = Math.max(log.floor, offset); ;) {
      const offset = await this.#inTurn(() => this.#findOffset(log, at, timestamp))
      if (offset === undefined) return undefined
      const [run] = await this.#options.runReader.read({
        log,
        offset,
        sizeMax: 0,
        isStrict: false,
      })
      if (run === undefined || run.maxTimestamp >= timestamp) return run
      // It was trimmed or found damaged meanwhile: what comes after it may be earlier.
      at = run.lastOffset + 1
      run.release()
    }
  }

  /** See `LogStore.maxTimestamp`. */
  maxTimestamp(log: Log): Promise<number | undefined> {
    return this.#inTurn(async () => {
      for (;;) {
        const latest = await this.#latest(log)
        if (latest !== 'moved') return latest
      }
    })
  }

  /** See `LogStore.retentionOffset`. */
  retentionOffset(log: Log, rule: RetentionRule): Promise<number> {
    return this.#inTurn(() => this.#retentionOffset(log, rule))
  }

  /** Offset of the first living run at or after `offset` that is late enough. */
  async #findOffset(log: Log, offset: number, timestamp: number): Promise<number | undefined> {
    for (let at = offset; ;) {
      const extent = this.#options.extents.find(log.id, at)
      if (extent === undefined) return undefined
      if (extent.maxTimestamp >= timestamp) {
        const index = await this.#options.coldReader.readIndex(extent)
        const isLateEnough = (place: number): boolean =>
          index.maxTimestamp(place) >= timestamp && isLiving(log, index, place)
        let place = index.find(at)
        while (place < index.count && !isLateEnough(place)) place++
        if (place < index.count) return Math.max(at, index.baseOffset(place))
      }
      at = extent.lastOffset + 1
    }
  }

  /** 'moved' when a file was cleaned away while others were looked at. */
  async #latest(log: Log): Promise<number | 'moved' | undefined> {
    const { extents, coldReader } = this.#options
    const latestFirst = extents.of(log.id).toSorted((a, b) => b.maxTimestamp - a.maxTimestamp)
    let latest: number | undefined
    for (const extent of latestFirst) {
      if (latest !== undefined && extent.maxTimestamp <= latest) break
      if (isWhole(log, extent)) return extent.maxTimestamp
      if (extent.segment.state === 'retired') return 'moved'
      const index = await coldReader.readIndex(extent)
      for (let place = 0; place < index.count; place++) {
        const timestamp = index.maxTimestamp(place)
        const isLater = latest === undefined || timestamp > latest
        if (isLater && isLiving(log, index, place)) latest = timestamp
      }
    }
    return latest
  }

  /** Whole extents go without a look at their runs. */
  async #retentionOffset(log: Log, { timestampMin, sizeMax }: RetentionRule): Promise<number> {
    const { extents, coldReader } = this.#options
    let offset = log.floor
    const first = extents.find(log.id, offset)
    if (first === undefined) return offset
    // With its index in memory the size is exact.
    let index: RunIndex | undefined = await coldReader.readIndex(first)
    let size = livingSize(extents, log)
    for (;;) {
      const extent = extents.find(log.id, offset)
      const last = extents.of(log.id).at(-1)
      if (extent === undefined || last === undefined) return offset
      const isTooOld = extent.maxTimestamp < timestampMin
      const isTooMuch = size - extent.byteCount >= sizeMax
      if (extent !== first && extent !== last && (isTooOld || isTooMuch)) {
        size -= extent.byteCount
        offset = extent.lastOffset + 1
        continue
      }
      index = extent === first ? index : await coldReader.readIndex(extent)
      for (let at = index.find(offset); at < index.count; at++) {
        const isLast = index.lastOffset(at) >= last.lastOffset
        const isKept = index.maxTimestamp(at) >= timestampMin && size <= sizeMax
        if (isLast || isKept) return offset
        size -= index.size(at)
        offset = index.lastOffset(at) + 1
      }
    }
  }

  /** Does `find` when it is its turn to read from the disk. */
  #inTurn<Result>(find: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result
      const { coldReader } = this.#options
      coldReader.enqueue(
        async () => {
          result = await find()
        },
        (error) => (error === undefined ? resolve(result) : reject(error)),
      )
    })
  }
}

function isLiving(log: Log, index: RunIndex, place: number): boolean {
  return log.keptIn(index.baseOffset(place), index.lastOffset(place)) > 0
}

/** Whether every run in it lives. */
function isWhole(log: Log, extent: Extent): boolean {
  return log.keptIn(extent.firstOffset, extent.lastOffset) >= extent.recordCount
}
