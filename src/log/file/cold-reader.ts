// Brings runs that left the tail cache back into memory, a window per log. Few reads at a time and
// of bounded size, because they share the disk with the WAL.
import { Fifo } from '../../lib/fifo.ts'
import { limits } from '../../limits.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { LogExtents } from './log-extents.ts'
import { readRuns } from './read-runs.ts'
import type { RunIndex } from './run-index.ts'
import type { Extent, Segment } from './segment.ts'

export interface ColdReaderOptions {
  readonly extents: LogExtents
  /** The index of an extent, read from its file's directory when it is not in memory. */
  readonly loadIndex: (extent: Extent) => Promise<RunIndex>
  /** A run's bytes are not what was written. */
  readonly onDamaged: (log: Log, first: number, last: number, error: Error) => void
  readonly onReleased: (segment: Segment) => void
}

/** Where to read and how much; the first run is read whatever its size. */
export interface Wanted {
  readonly log: Log
  readonly offset: number
  readonly sizeMax: number
}

interface Request {
  readonly read: () => Promise<void>
  readonly done: (error?: Error) => void
}

/** Runs to fetch, as places in the index. */
interface Plan {
  readonly places: number[]
  readonly end: number
}

interface IndexPlace {
  readonly index: RunIndex
  readonly at: number
}

/** Runs that were read: every record from the asked offset to `end` that is not acked. */
export interface ColdPart {
  readonly runs: Run[]
  readonly end: number
}

export class ColdReader {
  readonly #options: ColdReaderOptions
  readonly #waiting = new Fifo<Request>()
  #activeCount = 0
  /** Logs with a window and its size, oldest first. */
  readonly #windows = new Map<Log, number>()
  #windowsSize = 0

  constructor(options: ColdReaderOptions) {
    this.#options = options
  }

  /** Makes `log` readable at `offset`, then calls back. */
  load(log: Log, offset: number, done: (error?: Error) => void): void {
    this.enqueue(() => this.#loadWindow(log, offset), done)
  }

  /** Calls `read` when it is its turn to read from the disk, then `done`. */
  enqueue(read: () => Promise<void>, done: (error?: Error) => void): void {
    this.#waiting.push({ read, done })
    this.#startNext()
  }

  /** Whether readers wait for others. */
  get isBusy(): boolean {
    return this.#activeCount >= limits.coldReadsMax
  }

  /** The log was deleted. */
  forget(log: Log): void {
    log.setWindow([], 0, 0)
    this.#forgetWindow(log)
  }

  #startNext(): void {
    while (this.#activeCount < limits.coldReadsMax && this.#waiting.size > 0) {
      const request = this.#waiting.shift() as Request
      this.#activeCount++
      request.read().then(
        () => this.#finish(request),
        (error: Error) => this.#finish(request, error),
      )
    }
  }

  #finish(request: Request, error?: Error): void {
    this.#activeCount--
    this.#startNext()
    if (error === undefined) request.done()
    else request.done(error)
  }

  /** The window must reach a record or the tail: a reader that asks again would get no further. */
  async #loadWindow(log: Log, offset: number): Promise<void> {
    for (let at = offset; !log.isDeleted && at < log.tailStart;) {
      const extent = this.#options.extents.find(log.id, at)
      if (extent === undefined || extent.firstOffset >= log.tailStart) {
        log.setWindow([], offset, log.tailStart)
        return
      }
      const from = { log, offset: at, sizeMax: limits.coldReadSizeMax }
      const { runs, end } = await this.readPart(extent, from)
      if (runs.length > 0 || end >= log.tailStart) {
        const first = runs[0]?.baseOffset ?? offset
        log.setWindow(runs, Math.min(first, offset), end)
        this.#countWindow(log, sizeOf(runs))
        return
      }
      at = end
    }
  }

  /**
   * Many logs that are read at once must not take memory without bound. The window just loaded
   * stays: its reader is called next.
   */
  #countWindow(log: Log, size: number): void {
    this.#forgetWindow(log)
    this.#windows.set(log, size)
    this.#windowsSize += size
    for (const oldest of this.#windows.keys()) {
      if (this.#windowsSize <= limits.coldWindowsSizeMax || oldest === log) return
      oldest.setWindow([], 0, 0)
      this.#forgetWindow(oldest)
    }
  }

  #forgetWindow(log: Log): void {
    this.#windowsSize -= this.#windows.get(log) ?? 0
    this.#windows.delete(log)
  }

  /** Reads what fits one read of an extent. Called by whose turn it is. */
  async readPart(extent: Extent, wanted: Wanted): Promise<ColdPart> {
    const { segment } = extent
    segment.readers++
    try {
      const index = await this.#options.loadIndex(extent)
      const { places, end } = this.#plan(extent, index, wanted)
      const { runs, damaged } = await readRuns(segment, places, index)
      for (const at of damaged) this.#reportDamage(wanted.log, extent, { index, at })
      return { runs: runs.filter((run) => run !== undefined), end }
    } finally {
      segment.readers--
      if (segment.readers === 0) this.#options.onReleased(segment)
    }
  }

  /** Where the runs of an extent are. Called by whose turn it is. */
  async readIndex(extent: Extent): Promise<RunIndex> {
    const { segment } = extent
    segment.readers++
    try {
      return await this.#options.loadIndex(extent)
    } finally {
      segment.readers--
      if (segment.readers === 0) this.#options.onReleased(segment)
    }
  }

  /** Chooses runs that fit one read, leaving out what is acked. */
  #plan(extent: Extent, index: RunIndex, { log, offset, sizeMax }: Wanted): Plan {
    const { tailStart } = log
    const places: number[] = []
    let size = 0
    for (let at = index.find(offset); at < index.count; at++) {
      const base = index.baseOffset(at)
      if (base >= tailStart) return { places, end: tailStart }
      if (log.cursor.unackedIn(base, index.lastOffset(at)) === 0) continue
      if (size > 0 && size + index.size(at) > sizeMax) return { places, end: base }
      size += index.size(at)
      places.push(at)
    }
    const following = this.#options.extents.after(extent)
    return { places, end: Math.min(following?.firstOffset ?? tailStart, tailStart) }
  }

  #reportDamage(log: Log, { segment }: Extent, { index, at }: IndexPlace): void {
    const first = index.baseOffset(at)
    const last = index.lastOffset(at)
    const error = new Error(
      `${segment.path} is damaged in the run at byte ${index.position(at)}: log ${log.id} lost offsets ${first} to ${last}; run "pabal verify" for a full report`,
    )
    this.#options.onDamaged(log, first, last, error)
  }
}

function sizeOf(runs: readonly Run[]): number {
  let size = 0
  const counted = new Set<unknown>()
  for (const { size: runSize, shared } of runs) {
    size += runSize
    if (shared === undefined || counted.has(shared)) continue
    counted.add(shared)
    size += shared.size
  }
  return size
}
