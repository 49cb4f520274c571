// Brings runs that left the tail cache back into memory, in windows: one around the record that
// somebody wants, and, for a reader who goes through a log, the next one while that is being read.
// Few reads at a time and of bounded size, because they share the disk with the WAL.
import type { Clock } from '../../lib/clock.ts'
import { Fifo } from '../../lib/fifo.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { logLimits } from '../../limits/log.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Log } from '../log.ts'
import { readOriginWindow } from '../origin-window.ts'
import type { Run } from '../run.ts'
import { LogWindow, type WindowListener } from '../windows.ts'
import { diskErrorKind } from './disk-error.ts'
import type { LogExtents } from './log-extents.ts'
import { readRuns } from './read-runs.ts'
import type { RunMemory } from './read-runs.ts'
import type { RunIndex } from './run-index.ts'
import type { Extent, Segment } from './segment.ts'

export interface ColdReaderOptions {
  readonly clock: Clock
  readonly extents: LogExtents
  /** The index of an extent, read from its file's directory when it is not in memory. */
  readonly loadIndex: (extent: Extent) => Promise<RunIndex>
  /** A run's bytes are not what was written. */
  readonly onDamaged: (log: Log, first: number, last: number, error: Error) => void
  readonly onReleased: (segment: Segment) => void
  /** Of all windows together. */
  readonly windowsSizeMax: number
}

/** Where to read and how much. */
export interface Wanted {
  readonly log: Log
  readonly offset: number
  readonly sizeMax: number
  /** The first run is read up to this size; by default whatever its size. */
  readonly firstSizeMax?: number
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
  /** Memory of the runs that is released with them. */
  readonly pages: readonly Buffer[]
}

/** A window and what is known of its reader. */
interface Loaded {
  readonly log: Log
  readonly size: number
  readonly pages: readonly Buffer[]
  /** It begins where the reader's last one ended. */
  readonly isSequential: boolean
}

/** The next window of a log, being loaded, and who needs it by now. */
interface Ahead {
  readonly offset: number
  readonly waiting: (() => void)[]
}

export class ColdReader implements WindowListener {
  readonly #options: ColdReaderOptions
  readonly #waiting = new Fifo<Request>()
  #activeCount = 0
  /** In the order they were loaded. */
  readonly #windows = new Map<LogWindow, Loaded>()
  #windowsSize = 0
  readonly #aheads = new Map<Log, Ahead>()
  readonly #view = new RecordView()

  constructor(options: ColdReaderOptions) {
    this.#options = options
  }

  /** Makes `log` readable at `offset`, then calls back. */
  load(log: Log, offset: number, done: (error?: Error) => void): void {
    if (log.origin !== undefined) {
      void this.#loadOrigin(log, offset, done)
      return
    }
    const ahead = this.#aheads.get(log)
    const used = log.window
    if (ahead !== undefined && used !== undefined && offset >= used.start) {
      ahead.waiting.push(() => this.#loadUnlessThere(log, offset, done))
      return
    }
    this.enqueue(() => this.#loadWindow(log, offset, isNextTo(used, offset)), done)
  }

  /** A reader who goes through a log has come to its next window: loads the one after that. */
  onEntered(window: LogWindow): void {
    const loaded = this.#windows.get(window)
    if (loaded === undefined || !loaded.isSequential) return
    const { log } = loaded
    const offset = window.end
    if (offset >= log.tailStart || log.hasWindowAt(offset) || this.#aheads.has(log)) return
    // Many readers keep the disk busy without this, and windows that nobody reads yet take room.
    if (this.isBusy || this.#isCrowded) return
    const ahead: Ahead = { offset, waiting: [] }
    this.#aheads.set(log, ahead)
    this.enqueue(
      () => this.#loadWindow(log, offset, true),
      () => {
        // What is wrong with it, whoever wants it will be told.
        this.#aheads.delete(log)
        for (const wake of ahead.waiting) wake()
      },
    )
  }

  /** Calls `read` when it is its turn to read from the disk, then `done`. */
  enqueue(read: () => Promise<void>, done: (error?: Error) => void): void {
    this.#waiting.push({ read, done })
    this.#startNext()
  }

  /** Whether readers wait for others. */
  get isBusy(): boolean {
    return this.#activeCount >= logLimits.coldReadsMax
  }

  /** What is loaded for one reader may have to go, unread, for another. */
  get #isCrowded(): boolean {
    return this.#windowsSize > this.#options.windowsSizeMax / 2
  }

  /** The log was deleted. */
  forget(log: Log): void {
    for (const window of log.dropWindows()) this.#forgetWindow(window)
  }

  #startNext(): void {
    while (this.#activeCount < logLimits.coldReadsMax && this.#waiting.size > 0) {
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

  /** The window just loaded may not reach as far. */
  #loadUnlessThere(log: Log, offset: number, done: (error?: Error) => void): void {
    const reading = log.read(offset, this.#view)
    const isThere = typeof reading === 'string' || reading.at !== 'window'
    if (isThere || log.isDeleted) done()
    else this.load(log, offset, done)
  }

  /**
   * The window must reach a record that is shown, or the tail: a reader who has to pass over a window for the next one
   * finds that the first has gone when it asks again, and gets no further.
   */
  async #loadWindow(log: Log, offset: number, isSequential: boolean): Promise<void> {
    const isLarge = isSequential && !this.#isCrowded
    const sizeMax = isLarge ? logLimits.coldDrainReadSizeMax : logLimits.coldReadSizeMax
    for (let at = offset; !log.isDeleted && at < log.tailStart;) {
      const extent = this.#options.extents.find(log.id, at)
      const isInTail = extent === undefined || extent.firstOffset >= log.tailStart
      const { runs, end, pages } = isInTail
        ? { runs: [], end: log.tailStart, pages: [] }
        : await this.readPart(extent, { log, offset: at, sizeMax }, 'by reader')
      if (end >= log.tailStart || runs.some((run) => log.shows(run))) {
        const start = Math.min(runs[0]?.baseOffset ?? offset, offset)
        this.#addWindow(new LogWindow({ runs, start, end, listener: this }), {
          log,
          size: windowOverhead + sizeOf(runs, pages),
          pages,
          isSequential,
        })
        return
      }
      release({ runs, pages })
      at = end
    }
  }

  /** It shares no disk with others, and may take long: it takes nobody's turn. */
  async #loadOrigin(log: Log, offset: number, done: () => void): Promise<void> {
    const window = await readOriginWindow(log, offset, this)
    if (window !== undefined) {
      const size = windowOverhead + sizeOf(window.runs, [])
      this.#addWindow(window, { log, size, pages: [], isSequential: false })
    }
    done()
  }

  /**
   * Many logs that are read at once must not take memory without bound. The window just loaded
   * stays: its reader is called next.
   */
  #addWindow(window: LogWindow, loaded: Loaded): void {
    const { pages } = loaded
    if (loaded.log.isDeleted) return release({ runs: window.runs, pages })
    const replaced = loaded.log.addWindow(window)
    if (replaced !== undefined) this.#forgetWindow(replaced)
    this.#windows.set(window, loaded)
    this.#windowsSize += loaded.size
    for (const [oldest, { log }] of this.#windows) {
      if (this.#windowsSize <= this.#options.windowsSizeMax || oldest === window) return
      log.dropWindow(oldest)
      this.#forgetWindow(oldest)
    }
  }

  #forgetWindow(window: LogWindow): void {
    const loaded = this.#windows.get(window)
    if (loaded === undefined) return
    this.#windows.delete(window)
    this.#windowsSize -= loaded.size
    release({ runs: window.runs, pages: loaded.pages })
  }

  /** Reads what fits one read of an extent. Called by whose turn it is. */
  async readPart(extent: Extent, wanted: Wanted, memory: RunMemory): Promise<ColdPart> {
    const { segment } = extent
    segment.readers++
    try {
      const index = await this.#loadIndex(extent, wanted)
      if (index === undefined) return { runs: [], end: this.#endOf(wanted.log, extent), pages: [] }
      const { places, end } = this.#plan(extent, index, wanted)
      const { clock } = this.#options
      const options = {
        index,
        memory,
        clock,
        ...(memory === 'by run' && { now: clock.monotonic() }),
      }
      const { runs, damaged, pages } = await readRuns(segment, places, options)
      for (const at of damaged) this.#reportDamage(wanted.log, extent, { index, at })
      return { runs: runs.filter((run) => run !== undefined), end, pages }
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
  #plan(extent: Extent, index: RunIndex, wanted: Wanted): Plan {
    const { log, offset, sizeMax, firstSizeMax = Infinity } = wanted
    const { tailStart } = log
    const places: number[] = []
    let size = 0
    for (let at = index.find(offset); at < index.count; at++) {
      const base = index.baseOffset(at)
      if (base >= tailStart) return { places, end: tailStart }
      if (log.keptIn(base, index.lastOffset(at)) === 0) continue
      const room = size > 0 ? sizeMax - size : firstSizeMax
      if (index.size(at) > room) return { places, end: base }
      size += index.size(at)
      places.push(at)
    }
    return { places, end: this.#endOf(log, extent) }
  }

  /** Nothing lies between the end of an extent and this. */
  #endOf({ tailStart }: Log, extent: Extent): number {
    const following = this.#options.extents.after(extent)
    return Math.min(following?.firstOffset ?? tailStart, tailStart)
  }

  /** Undefined when the disk can read neither the directory nor the file: all of it is a gap. */
  async #loadIndex(extent: Extent, { log, offset }: Wanted): Promise<RunIndex | undefined> {
    try {
      return await this.#options.loadIndex(extent)
    } catch (error) {
      if (diskErrorKind(error) === undefined) throw error
      extent.segment.isDamaged = true
      this.#options.onDamaged(
        log,
        Math.max(offset, extent.firstOffset),
        extent.lastOffset,
        error as Error,
      )
      return undefined
    }
  }

  #reportDamage(log: Log, { segment }: Extent, { index, at }: IndexPlace): void {
    const first = index.baseOffset(at)
    const last = index.lastOffset(at)
    const error = new Error(
      `${segment.path} is damaged or cannot be read in the run at byte ${index.position(at)}: log ${log.id} lost offsets ${first} to ${last}; run "pabal verify" for a full report`,
    )
    this.#options.onDamaged(log, first, last, error)
  }
}

function release({ runs, pages }: { runs: readonly Run[]; pages: readonly Buffer[] }): void {
  for (const run of runs) run.release()
  for (const page of pages) pagePool.release(page)
}

/** About what a window and its objects take beside the bytes. */
const windowOverhead = 512

/** Whether `offset` is where a reader goes on who is through with `window`. */
function isNextTo(window: LogWindow | undefined, offset: number): boolean {
  if (window === undefined) return false
  return offset >= window.end && offset - window.end < window.end - window.start
}

/** Memory that a window pins; a page may hold more than the runs that were wanted. */
function sizeOf(runs: readonly Run[], pages: readonly Buffer[]): number {
  let size = 0
  for (const page of pages) size += page.length
  const paged = new Set(pages.map(({ buffer }) => buffer))
  const counted = new Set<unknown>()
  for (const { buffer, size: runSize, shared } of runs) {
    if (!paged.has(buffer.buffer)) size += runSize
    if (shared === undefined || counted.has(shared)) continue
    counted.add(shared)
    size += shared.size
  }
  return size
}
