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

interface PendingRead {
  readonly log: Log
  readonly offset: number
  readonly part: Promise<ColdPart>
}

/** What somebody wants: `isStrict`, not even the first run may be larger than `sizeMax`. */
export interface AskedRuns extends Omit<Wanted, 'firstSizeMax'> {
  readonly isStrict: boolean
}

/** What was found; without runs, there is nothing that may be read before `end`. */
interface FoundRuns {
  readonly runs: readonly Run[]
  readonly end: number
}

export class RunReader {
  readonly #extents: LogExtents
  readonly #coldReader: ColdReader
  readonly #cache: RunCache
  /** What is being read now. */
  readonly #readings: PendingRead[] = []
  /** What is read for nobody yet. */
  #ahead: AskedRuns | undefined

  constructor(options: RunReaderOptions) {
    this.#extents = options.extents
    this.#coldReader = options.coldReader
    this.#cache = new RunCache(options.cacheSizeMax)
  }

  /** See `LogStore.readRuns`. */
  read(asked: AskedRuns): readonly Run[] | Promise<readonly Run[]> {
    const { log, sizeMax } = asked
    const { runs, end } = this.#readFromMemory(asked)
    if (runs.length > 0 || end >= log.readableEnd) {
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
        result = await this.#readFromFiles({ ...asked, offset: end })
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
    const wanted = { log, offset: last.lastOffset + 1, sizeMax, isStrict: false }
    const { runs: next, end } = this.#readFromMemory(wanted)
    for (const run of next) run.release()
    if (next.length > 0 || end >= log.readableEnd) return
    this.#ahead = wanted
    this.#coldReader.enqueue(
      async () => {
        for (const run of await this.#readFromFiles(wanted)) run.release()
      },
      () => {
        // What is wrong with it, whoever wants it will be told.
        if (this.#ahead === wanted) this.#ahead = undefined
      },
    )
  }

  #readFromMemory(asked: AskedRuns): FoundRuns {
    const { log } = asked
    let at = asked.offset
    while (!log.isDeleted && at < log.readableEnd) {
      const extent = this.#extents.find(log.id, at)
      if (at >= log.tailStart || extent === undefined || extent.firstOffset >= log.tailStart) {
        return { runs: readTail({ ...asked, offset: at }), end: log.readableEnd }
      }
      const cached = this.#cache.find(log.id, at)
      if (cached === undefined) return { runs: [], end: at }
      const found = take(cached, { ...asked, offset: at })
      if (found.runs.length > 0) return found
      at = found.end
    }
    return { runs: [], end: log.readableEnd }
  }

  /** Its turn has come; meanwhile somebody else may have read the same. */
  async #readFromFiles(asked: AskedRuns): Promise<readonly Run[]> {
    const { log } = asked
    let at = asked.offset
    for (;;) {
      const { runs, end } = this.#readFromMemory({ ...asked, offset: at })
      if (runs.length > 0 || end >= log.readableEnd) return runs
      at = end
      const extent = this.#extents.find(log.id, at)
      if (extent === undefined) return []
      const same = this.#readings.find((other) => other.log === log && other.offset === at)
      if (same !== undefined) {
        // Somebody else's runs may be gone again by now: from the cache, or once more.
        await same.part
        continue
      }
      const found = await this.#readPart(extent, { ...asked, offset: at })
      if (found.runs.length > 0) return found.runs
      at = found.end
    }
  }

  /** Others who want what is just being read wait for it. */
  async #readPart(extent: Extent, asked: AskedRuns): Promise<FoundRuns> {
    const { log, offset, sizeMax, isStrict } = asked
    const readSize = Math.min(sizeMax, logLimits.coldRunsReadSizeMax)
    const wanted = {
      log,
      offset,
      sizeMax: Math.max(readSize, logLimits.coldReadSizeMax),
      ...(isStrict && { firstSizeMax: sizeMax }),
    }
    const reading = { log, offset, part: this.#coldReader.readPart(extent, wanted, 'by run') }
    this.#readings.push(reading)
    try {
      const { runs, end } = await reading.part
      // Before the cache may let them go.
      const found = take({ runs, end }, asked)
      // What was written anew meanwhile is not for the next reader.
      const isCurrent = this.#extents.has(extent)
      this.#keep({ logId: log.id, start: offset, end, runs }, log, isCurrent)
      return found.end <= offset ? { ...found, end: log.readableEnd } : found
    } finally {
      this.#readings.splice(this.#readings.indexOf(reading), 1)
      // Before those who wait for it go on, and want what comes next read ahead.
      if (this.#ahead?.log === log && this.#ahead.offset <= offset) this.#ahead = undefined
    }
  }

  #keep(part: CachedRuns, log: Log, isCurrent: boolean): void {
    const [first] = part.runs
    if (first === undefined) return
    const start = Math.min(part.start, first.baseOffset)
    if (!log.isDeleted && isCurrent) this.#cache.add({ ...part, start })
    else for (const run of part.runs) run.release()
  }
}

function readTail({ log, offset, sizeMax, isStrict }: AskedRuns): readonly Run[] {
  const { tail } = log
  let end = log.findInTail(offset)
  const start = end
  let size = 0
  for (let run = tail.at(end); run !== undefined; run = tail.at(++end)) {
    size += run.size
    const isTooLarge = size > sizeMax && (isStrict || end > start)
    if (run.lastOffset >= log.readableEnd || isTooLarge) break
  }
  const runs = tail.slice(start, end)
  for (const run of runs) run.retain()
  return runs
}

/**
 * Those of the runs that hold something at or after `offset`, as many as fit: leased. When the first of
 * them is too large already, the reader has come to its end.
 */
function take({ runs, end }: FoundRuns, { log, offset, sizeMax, isStrict }: AskedRuns): FoundRuns {
  const taken: Run[] = []
  let size = 0
  for (const run of runs) {
    if (run.lastOffset < offset) continue
    if (log.keptIn(run.baseOffset, run.lastOffset) === 0) continue
    size += run.size
    if (size > sizeMax && taken.length > 0) break
    if (size > sizeMax && isStrict) return { runs: taken, end: log.readableEnd }
    run.retain()
    taken.push(run)
  }
  return { runs: taken, end }
}
