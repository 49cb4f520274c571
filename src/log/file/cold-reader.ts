// Brings runs that left the tail cache back into memory, a window per log. Few reads at a time and
// of bounded size, because they share the disk with the WAL.
import { limits } from '../../limits.ts'
import type { Log } from '../log.ts'
import { recordBodySize, recordSharedStart, recordSizeAt } from '../record.ts'
import { crcOfRun, readInt64, Run, runField, runHeaderSize, runSizeAt } from '../run.ts'
import { SharedBodies } from '../shared-bodies.ts'
import { readAt } from './file-operations.ts'
import type { LogExtents } from './log-extents.ts'
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

interface Request {
  readonly log: Log
  readonly offset: number
  readonly done: (error?: Error) => void
}

/** Runs to fetch, as places in the index. */
interface Plan {
  readonly runs: number[]
  readonly end: number
}

/** Runs that were read: every record from the asked offset to `end` that is not acked. */
interface Part {
  readonly runs: Run[]
  readonly end: number
}

export class ColdReader {
  readonly #options: ColdReaderOptions
  #waiting: Request[] = []
  #activeCount = 0

  constructor(options: ColdReaderOptions) {
    this.#options = options
  }

  /** Makes `log` readable at `offset`, then calls back. */
  load(log: Log, offset: number, done: (error?: Error) => void): void {
    this.#waiting.push({ log, offset, done })
    this.#startNext()
  }

  #startNext(): void {
    while (this.#activeCount < limits.coldReadsMax && this.#waiting.length > 0) {
      const request = this.#waiting.shift() as Request
      this.#activeCount++
      this.#serve(request).then(
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
  async #serve({ log, offset }: Request): Promise<void> {
    for (let at = offset; !log.isDeleted && at < log.tailStart;) {
      const extent = this.#options.extents.find(log.id, at)
      if (extent === undefined || extent.firstOffset >= log.tailStart) {
        log.setWindow([], offset, log.tailStart)
        return
      }
      const { runs, end } = await this.#readFrom(extent, log, at)
      if (runs.length > 0 || end >= log.tailStart) {
        const first = runs[0]?.baseOffset ?? offset
        log.setWindow(runs, Math.min(first, offset), end)
        return
      }
      at = end
    }
  }

  async #readFrom(extent: Extent, log: Log, offset: number): Promise<Part> {
    const { segment } = extent
    segment.readers++
    try {
      const index = extent.index ?? (await this.#options.loadIndex(extent))
      const plan = this.#plan(extent, index, { log, offset })
      return { runs: await this.#readRuns(segment, index, { log, plan }), end: plan.end }
    } finally {
      segment.readers--
      if (segment.readers === 0) this.#options.onReleased(segment)
    }
  }

  /** Chooses runs from `offset` on that fit one read, leaving out what is acked. */
  #plan(extent: Extent, index: RunIndex, from: { log: Log; offset: number }): Plan {
    const { log, offset } = from
    const { tailStart } = log
    const runs: number[] = []
    let size = 0
    for (let at = index.find(offset); at < index.count; at++) {
      const base = index.baseOffset(at)
      if (base >= tailStart) return { runs, end: tailStart }
      if (log.cursor.unackedIn(base, index.lastOffset(at)) === 0) continue
      if (size > 0 && size + index.size(at) > limits.coldReadSizeMax) return { runs, end: base }
      size += index.size(at)
      runs.push(at)
    }
    const following = this.#options.extents.after(extent)
    return { runs, end: Math.min(following?.firstOffset ?? tailStart, tailStart) }
  }

  async #readRuns(
    segment: Segment,
    index: RunIndex,
    { log, plan }: { log: Log; plan: Plan },
  ): Promise<Run[]> {
    const runs: Run[] = []
    for (const span of spansOf(plan.runs, index)) {
      const start = index.position(span[0]!)
      const last = span.at(-1)!
      const end = index.position(last) + index.size(last)
      const bytes = await readAt(segment.file, start, end - start)
      for (const at of span) {
        const from = index.position(at) - start
        const run = checkRun(bytes.subarray(from, from + index.size(at)), index, at)
        if (run !== undefined) runs.push(run)
        else this.#reportDamage(segment, log, { index, at })
      }
    }
    await loadSharedBodies(segment, runs)
    return runs
  }

  #reportDamage(segment: Segment, log: Log, { index, at }: { index: RunIndex; at: number }): void {
    segment.isDamaged = true
    const first = index.baseOffset(at)
    const last = index.lastOffset(at)
    const error = new Error(
      `${segment.path} is damaged in the run at byte ${index.position(at)}: log ${log.id} lost offsets ${first} to ${last}; run "pabal verify" for a full report`,
    )
    this.#options.onDamaged(log, first, last, error)
  }
}

/** Runs that lie close together are read in one go, with whatever is between them. */
function spansOf(runs: readonly number[], index: RunIndex): number[][] {
  const spans: number[][] = []
  let end = -Infinity
  let start = 0
  for (const at of runs) {
    const position = index.position(at)
    const isClose = position >= end && position - end <= limits.coldReadGapMax
    const isSmall = position + index.size(at) - start <= limits.coldReadSizeMax * 2
    if (isClose && isSmall) spans.at(-1)!.push(at)
    else {
      spans.push([at])
      start = position
    }
    end = position + index.size(at)
  }
  return spans
}

function checkRun(bytes: Buffer, index: RunIndex, at: number): Run | undefined {
  const isWhole = bytes.length === index.size(at) && runSizeAt(bytes, 0) === bytes.length
  if (!isWhole || readInt64(bytes, runField.baseOffset) !== index.baseOffset(at)) return undefined
  if (crcOfRun(bytes, bytes.length) !== bytes.readUInt32BE(runField.crc)) return undefined
  return Run.fromBytes(bytes)
}

/** Reads the part of the shared bodies that the records of `runs` refer to. */
async function loadSharedBodies(segment: Segment, runs: readonly Run[]): Promise<void> {
  const sections = new Map<number, Run[]>()
  for (const run of runs) {
    const position = run.sharedPosition
    if (position < 0) continue
    const sharing = sections.get(position)
    if (sharing === undefined) sections.set(position, [run])
    else sharing.push(run)
  }
  for (const [position, sharing] of sections) {
    const [low, high] = sharedRange(sharing)
    if (high <= low) continue
    const bytes = await readAt(segment.file, position + low, high - low)
    const shared = SharedBodies.fromBytes(bytes, low)
    for (const run of sharing) run.shared = shared
  }
}

function sharedRange(runs: readonly Run[]): [number, number] {
  let low = Infinity
  let high = 0
  for (const { buffer, size } of runs) {
    for (let at = runHeaderSize; at < size; at += recordSizeAt(buffer, at)) {
      const start = recordSharedStart(buffer, at)
      if (start < 0) continue
      low = Math.min(low, start)
      high = Math.max(high, start + recordBodySize(buffer, at))
    }
  }
  return [low, high]
}
