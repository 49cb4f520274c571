// Serves readers of whole runs, many of them at different places of a log: from the log's tail,
// from what was read for others lately, else from files. It never touches the log's window.
import { logLimits } from '../../limits/log.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { ColdPart, ColdReader, Wanted } from './cold-reader.ts'
import type { LogExtents } from './log-extents.ts'
import { RunCache } from './run-cache.ts'
import type { CachedRuns } from './run-cache.ts'
import type { Extent } from './segment.ts'

export interface RunReaderOptions {
  readonly extents: LogExtents
  readonly coldReader: ColdReader
  readonly cacheSizeMax: number
}

interface Reading {
  readonly log: Log
  readonly offset: number
  readonly part: Promise<ColdPart>
}

/** What was found; without runs, there is nothing before `end`. */
interface Found {
  readonly runs: readonly Run[]
  readonly end: number
}

export class RunReader {
  readonly #extents: LogExtents
  readonly #coldReader: ColdReader
  readonly #cache: RunCache
  /** What is being read now. */
  readonly #readings: Reading[] = []
  /** What is read for nobody yet. */
  #ahead: Wanted | undefined

  constructor(options: RunReaderOptions) {
    this.#extents = options.extents
    this.#coldReader = options.coldReader
    this.#cache = new RunCache(options.cacheSizeMax)
  }

  /** See `LogStore.readRuns`. */
  read(log: Log, offset: number, sizeMax: number): readonly Run[] | Promise<readonly Run[]> {
    const { runs, end } = this.#readFromMemory({ log, offset, sizeMax })
    if (runs.length > 0 || end >= log.durableEnd) {
      this.#readAhead(log, runs, sizeMax)
      return runs
    }
    return new Promise((resolve, reject) => {
      let result: readonly Run[] = []
      const finish = (error?: Error): void => {
        if (error !== undefined) return reject(error)
        this.#readAhead(log, result, sizeMax)
        resolve(result)
      }
      this.#coldReader.enqueue(async () => {
        result = await this.#readFromFiles({ log, offset: end, sizeMax })
      }, finish)
    })
  }

  /** Forgets what was read of a log that is gone. */
  forget(log: Log): void {
    this.#cache.forget(log.id)
  }

  /** Readers go on where they ended: while this one is busy with `runs`, the next ones are read. */
  #readAhead(log: Log, runs: readonly Run[], sizeMax: number): void {
    const last = runs.at(-1)
    if (last === undefined || last.lastOffset + 1 >= log.tailStart) return
    if (this.#ahead !== undefined || this.#coldReader.isBusy) return
    const wanted = { log, offset: last.lastOffset + 1, sizeMax }
    const { runs: next, end } = this.#readFromMemory(wanted)
    for (const run of next) run.endLease()
    if (next.length > 0 || end >= log.durableEnd) return
    this.#ahead = wanted
    this.#coldReader.enqueue(
      async () => {
        for (const run of await this.#readFromFiles(wanted)) run.endLease()
      },
      () => {
        // What is wrong with it, whoever wants it will be told.
        if (this.#ahead === wanted) this.#ahead = undefined
      },
    )
  }

  #readFromMemory({ log, offset, sizeMax }: Wanted): Found {
    let at = offset
    while (!log.isDeleted && at < log.durableEnd) {
      const extent = this.#extents.find(log.id, at)
      if (at >= log.tailStart || extent === undefined || extent.firstOffset >= log.tailStart) {
        return { runs: readTail({ log, offset: at, sizeMax }), end: log.durableEnd }
      }
      const cached = this.#cache.find(log.id, at)
      if (cached === undefined) return { runs: [], end: at }
      const runs = take(cached.runs, { log, offset: at, sizeMax })
      if (runs.length > 0) return { runs, end: cached.end }
      at = cached.end
    }
    return { runs: [], end: log.durableEnd }
  }

  /** Its turn has come; meanwhile somebody else may have read the same. */
  async #readFromFiles(wanted: Wanted): Promise<readonly Run[]> {
    const { log, sizeMax } = wanted
    let at = wanted.offset
    for (;;) {
      const { runs, end } = this.#readFromMemory({ log, offset: at, sizeMax })
      if (runs.length > 0 || end >= log.durableEnd) return runs
      at = end
      const extent = this.#extents.find(log.id, at)
      if (extent === undefined) return []
      const same = this.#readings.find((other) => other.log === log && other.offset === at)
      if (same !== undefined) {
        // Somebody else's runs may be gone again by now: from the cache, or once more.
        await same.part
        continue
      }
      const found = await this.#readPart(extent, { log, offset: at, sizeMax })
      if (found.runs.length > 0) return found.runs
      at = found.end
    }
  }

  /** Others who want what is just being read wait for it. */
  async #readPart(extent: Extent, { log, offset, sizeMax }: Wanted): Promise<Found> {
    const readSize = Math.min(sizeMax, logLimits.coldRunsReadSizeMax)
    const wanted = { log, offset, sizeMax: Math.max(readSize, logLimits.coldReadSizeMax) }
    const reading = { log, offset, part: this.#coldReader.readPart(extent, wanted, 'held') }
    this.#readings.push(reading)
    try {
      const { runs, end } = await reading.part
      // Before the cache may let them go.
      const taken = take(runs, { log, offset, sizeMax })
      this.#keep({ logId: log.id, start: offset, end, runs }, log)
      return { runs: taken, end }
    } finally {
      this.#readings.splice(this.#readings.indexOf(reading), 1)
      // Before those who wait for it go on, and want what comes next read ahead.
      if (this.#ahead?.log === log && this.#ahead.offset <= offset) this.#ahead = undefined
    }
  }

  #keep(part: CachedRuns, log: Log): void {
    const [first] = part.runs
    if (first === undefined) return
    const start = Math.min(part.start, first.baseOffset)
    if (!log.isDeleted) this.#cache.add({ ...part, start })
    else for (const run of part.runs) run.release()
  }
}

function readTail({ log, offset, sizeMax }: Wanted): readonly Run[] {
  const { tail } = log
  let end = log.findInTail(offset)
  const start = end
  let size = 0
  for (let run = tail.at(end); run !== undefined; run = tail.at(++end)) {
    size += run.size
    if (run.lastOffset >= log.durableEnd || (end > start && size > sizeMax)) break
  }
  const runs = tail.slice(start, end)
  for (const run of runs) run.lease()
  return runs
}

/** Those of `runs` that hold something at or after `offset`, as many as fit: leased. */
function take(runs: readonly Run[], { log, offset, sizeMax }: Wanted): readonly Run[] {
  const taken: Run[] = []
  let size = 0
  for (const run of runs) {
    if (run.lastOffset < offset) continue
    if (log.cursor.unackedIn(run.baseOffset, run.lastOffset) === 0) continue
    size += run.size
    if (taken.length > 0 && size > sizeMax) break
    run.lease()
    taken.push(run)
  }
  return taken
}
