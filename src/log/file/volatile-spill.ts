// Volatile logs live in memory up to a budget for all of them; beyond it their oldest full runs go
// to files that are never synced and are wiped at each start.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import { ColdReader } from './cold-reader.ts'
import type { Disk } from './disk.ts'
import { fileHeaderSize, fileKind } from './file-format.ts'
import { writeAt } from './file-operations.ts'
import { LogExtents } from './log-extents.ts'
import { RunFinder } from './run-finder.ts'
import { indexedRun, type RunIndex } from './run-index.ts'
import { type AskedRuns, RunReader } from './run-reader.ts'
import { Segment } from './segment.ts'

export const volatileFolderName = 'volatile'

export interface VolatileSpillOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly folder: string
  readonly memoryMax: number
  readonly fileSizeMax: number
  readonly onDamaged: (log: Log, first: number, last: number, error: Error) => void
  readonly onTrouble: (error: Error) => void
}

interface FullRun {
  readonly log: Log
  readonly run: Run
}

export class VolatileSpill {
  readonly #options: VolatileSpillOptions
  readonly #extents = new LogExtents()
  readonly #coldReader: ColdReader
  readonly #runReader: RunReader
  readonly #runFinder: RunFinder
  readonly #timer: Timer
  #retry: Timer | undefined
  /** Logs whose acks may give spilled space back. */
  readonly #logs = new Set<Log>()
  /** Runs in memory, oldest first; the last one of each log may still be open. */
  #runs: FullRun[] = []
  /** Entries of `#runs` that left memory. */
  #goneCount = 0
  #size = 0
  #segment: Segment | undefined
  #nextId = 1
  #isSpilling = false
  #isClosed = false
  #spilling: Promise<void> = Promise.resolve()

  constructor(options: VolatileSpillOptions) {
    this.#options = options
    this.#coldReader = new ColdReader({
      clock: options.clock,
      extents: this.#extents,
      loadIndex: (extent) => Promise.resolve(extent.index as RunIndex),
      onDamaged: options.onDamaged,
      onReleased: (segment) => void this.#release(segment),
      windowsSizeMax: logLimits.coldWindowsSizeMax,
    })
    const [extents, coldReader] = [this.#extents, this.#coldReader]
    this.#runReader = new RunReader({
      extents,
      coldReader,
      cacheSizeMax: logLimits.coldReadSizeMax,
    })
    this.#runFinder = new RunFinder({ extents, coldReader, runReader: this.#runReader })
    this.#extents.onSegmentEmpty = (segment) => void this.#release(segment)
    this.#timer = options.clock.every(logLimits.cleaningIntervalMs, () => this.#tick())
  }

  /** Bytes of runs in memory, about. */
  get size(): number {
    return this.#size
  }

  /** A log opened another run, so the one before is full. */
  onRun(log: Log, run: Run): void {
    this.#runs.push({ log, run })
    this.#count(run)
    const full = log.tail.at(log.tail.length - 2)
    if (full !== undefined) this.#count(full)
    this.#spillIfNeeded()
  }

  /** Runs left the tail of a log: acked, trimmed or deleted. */
  onDropped(runs: readonly Run[]): void {
    for (const run of runs) {
      if (run.cachedSize === 0) continue
      this.#size -= run.cachedSize
      run.cachedSize = 0
      run.release()
      this.#goneCount++
    }
    if (this.#goneCount > 64 && this.#goneCount * 2 > this.#runs.length) this.#forgetGone()
  }

  load(log: Log, offset: number, done: (error?: Error) => void): void {
    this.#coldReader.load(log, offset, done)
  }

  /** See `LogStore.readRuns`. */
  readRuns(asked: AskedRuns): readonly Run[] | Promise<readonly Run[]> {
    return this.#runReader.read(asked)
  }

  /** See `LogStore.findRunByTimestamp`. */
  async findByTimestamp(log: Log, timestamp: number, offset: number): Promise<Run | undefined> {
    const spilled = await this.#runFinder.findByTimestamp(log, timestamp, offset)
    if (spilled !== undefined) return spilled
    for (const run of log.tail) {
      const isKept = log.keptIn(Math.max(run.baseOffset, offset), run.lastOffset) > 0
      if (run.maxTimestamp < timestamp || !isKept) continue
      run.retain()
      return run
    }
    return undefined
  }

  forget(log: Log): void {
    this.#coldReader.forget(log)
    this.#runReader.forget(log)
    this.#logs.delete(log)
    this.#extents.dropLog(log.id)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer.stop()
    this.#retry?.stop()
    await this.#spilling
    // A store that is abandoned may still be read.
    if (this.#segment?.readers === 0) await this.#segment.file.close()
  }

  #spillIfNeeded(): void {
    if (this.#isSpilling || this.#isClosed || this.#size <= this.#options.memoryMax) return
    this.#isSpilling = true
    this.#spilling = this.#spill().then(
      () => {
        this.#isSpilling = false
      },
      (error: Error) => {
        this.#options.onTrouble(error)
        if (this.#isClosed) return
        // Meanwhile they stay in memory, where they are.
        this.#retry = this.#options.clock.after(logLimits.diskRetryMs, () => {
          this.#isSpilling = false
          this.#spillIfNeeded()
        })
      },
    )
  }

  async #spill(): Promise<void> {
    while (this.#size > this.#options.memoryMax && !this.#isClosed) {
      const oldest = this.#findOldest()
      if (oldest === undefined) return
      const { log, run } = oldest
      log.closeOpenRun(run)
      // It may be acked meanwhile.
      run.retain()
      try {
        const segment = await this.#segmentForNext()
        if (!run.isSealed) run.seal(0, -1)
        await writeAt(segment.file, run.bytes(), segment.dataEnd)
        this.#moveOut(log, run, segment)
      } finally {
        run.release()
      }
    }
  }

  /** Full runs first: closing one that still grows makes more and smaller ones. */
  #findOldest(): FullRun | undefined {
    this.#forgetGone()
    const isFirst = ({ log, run }: FullRun): boolean => log.tail.first === run
    return (
      this.#runs.find((entry) => isFirst(entry) && entry.log.tail.length > 1) ??
      this.#runs.find((entry) => isFirst(entry) && entry.run.recordCount > 0)
    )
  }

  #count(run: Run): void {
    this.#size += run.buffer.length - run.cachedSize
    run.cachedSize = run.buffer.length
  }

  #forgetGone(): void {
    this.#runs = this.#runs.filter(({ run }) => run.cachedSize > 0)
    this.#goneCount = 0
  }

  /** The run is on disk: it leaves memory unless it left already. */
  #moveOut(log: Log, run: Run, segment: Segment): void {
    const position = segment.dataEnd
    segment.dataEnd += run.size
    if (run.cachedSize === 0 || log.isDeleted) return
    this.#extents.addRun(segment, log.id, indexedRun(run, position))
    this.#logs.add(log)
    this.onDropped(log.evictBefore(run.lastOffset + 1))
  }

  async #segmentForNext(): Promise<Segment> {
    const current = this.#segment
    if (current !== undefined && current.dataEnd < this.#options.fileSizeMax) return current
    const id = this.#nextId++
    const path = join(this.#options.folder, `${String(id).padStart(10, '0')}.spill`)
    const file = await this.#options.disk.open(path, 'create')
    this.#segment = new Segment({
      id,
      kind: fileKind.wal,
      salt: 0,
      priorSize: 0,
      path,
      file,
      dataEnd: fileHeaderSize,
    })
    if (current !== undefined) await this.#release(current)
    return this.#segment
  }

  #tick(): void {
    // Open runs grow without telling.
    for (const { run } of this.#runs) if (run.cachedSize > 0) this.#count(run)
    this.#spillIfNeeded()
    for (const log of this.#logs) {
      this.#extents.dropBelow(log.id, log.floor)
      if (this.#extents.of(log.id).length === 0) this.#logs.delete(log)
    }
  }

  async #release(segment: Segment): Promise<void> {
    const isDone = segment !== this.#segment && segment.extentCount === 0 && segment.readers === 0
    if (!isDone || segment.state === 'retired') return
    segment.state = 'retired'
    try {
      await segment.file.close()
      await this.#options.disk.unlink(segment.path)
    } catch (error) {
      this.#options.onTrouble(error as Error)
    }
  }
}
