// Writes the older part of logs anew, into files of survivors that nobody lists until all of it is there.
// Invariant: the change of the manifest that lists them says of each file where these logs had runs that
// those below the end do not count any more; before it a crash leaves the old runs, after it the new ones.
import type { Clock } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { LogRewriting, RewrittenRun, RunRewriter } from '../log-rewriting.ts'
import type { Log } from '../log.ts'
import { Run } from '../run.ts'
import { createSegment } from './create-segment.ts'
import type { SegmentFolder } from './create-segment.ts'
import { reserveSizeOf } from './disk-space.ts'
import { fileKind } from './file-format.ts'
import type { IndexCache } from './index-cache.ts'
import type { LogExtents } from './log-extents.ts'
import { readRuns } from './read-runs.ts'
import type { RunIndex } from './run-index.ts'
import { writeDirectory } from './segment-directory.ts'
import { Extent } from './segment.ts'
import type { Segment } from './segment.ts'
import { SurvivorWriter } from './survivor-writer.ts'
import { swapRewritten } from './swap-rewritten.ts'
import type { SwapParts } from './swap-rewritten.ts'

export interface RewritingOptions extends SwapParts {
  readonly clock: Clock
  readonly folder: SegmentFolder
  readonly extents: LogExtents
  readonly indexCache: IndexCache
  readonly fileSizeMax: number
  /** Whether the disk is full. */
  readonly isBlocked: () => boolean
  readonly whenDurable: (callback: () => void) => void
  /** Does a job while no file is cleaned or sealed. */
  readonly perform: (job: () => Promise<void>) => Promise<void>
  /** The last read of a file is done. */
  readonly onReleased: (segment: Segment) => void
}

/** A file that is written, and the extents of logs in it. */
interface Target {
  readonly segment: Segment
  readonly writer: SurvivorWriter
  /** What the writer knows each log by. */
  readonly keys: Map<number, Extent>
}

/** Some runs of one extent, and where to read on. */
interface Piece {
  readonly segment: Segment | undefined
  readonly runs: readonly Run[]
  readonly end: number
}

export class Rewriting implements LogRewriting {
  readonly #options: RewritingOptions
  readonly #targets: Target[] = []
  readonly #ends = new Map<Log, number>()
  #source: Segment | undefined

  constructor(options: RewritingOptions) {
    this.#options = options
  }

  async add(log: Log, end: number, rewriter: RunRewriter): Promise<void> {
    for await (const piece of this.#pieces(log, log.floor, end)) {
      const rewritten = await rewriter.rewrite(piece.runs)
      if (this.#options.isBlocked()) throw new Error('Compaction waits for space on the disk')
      await this.#write(log, piece, rewritten)
    }
    this.#ends.set(log, end)
  }

  // oxlint-disable-next-line max-params -- as the interface has it
  async scan(
    log: Log,
    first: number,
    end: number,
    visit: (runs: readonly Run[]) => Promise<boolean>,
  ): Promise<void> {
    for await (const { runs } of this.#pieces(log, first, end)) {
      if (!(await visit(runs))) return
    }
  }

  /** What has runs; the next one is read while one is worked on. */
  async *#pieces(log: Log, first: number, end: number): AsyncGenerator<Piece, void> {
    let ahead: Promise<Piece> | undefined = this.#read(log, first, end)
    while (ahead !== undefined) {
      const piece: Piece = await ahead
      const isMore: boolean = piece.end < end && !log.isDeleted
      ahead = isMore ? this.#read(log, piece.end, end) : undefined
      // Whoever goes on is told.
      ahead?.catch(() => undefined)
      if (piece.runs.length > 0) yield piece
    }
  }

  async commit(): Promise<void> {
    if (this.#ends.size === 0) return
    for (const { writer, segment } of this.#targets) {
      await writer.flush()
      segment.asides.push(...writer.asides)
      await writeDirectory(segment, [...writer.moved.values()])
    }
    // What was left out because it is acked must be durably acked.
    await new Promise<void>((resolve) => this.#options.whenDurable(resolve))
    const targets = this.#targets.map(({ segment, writer }) => ({
      segment,
      extents: [...writer.moved.values()],
    }))
    const rewritten = { targets, ends: this.#ends, onListing: () => this.#targets.splice(0) }
    await this.#options.perform(() => swapRewritten(this.#options, rewritten))
  }

  async discard(): Promise<void> {
    for (const { segment } of this.#targets.splice(0)) {
      await segment.file.close()
      await this.#options.folder.disk.unlink(segment.path)
    }
  }

  /** The next runs of the log from `at` on that are kept, at most some of one extent. */
  async #read(log: Log, at: number, end: number): Promise<Piece> {
    const { extents, indexCache, clock, onReleased } = this.#options
    const extent = extents.find(log.id, at)
    if (extent === undefined || extent.firstOffset >= end)
      return { segment: undefined, runs: [], end }
    const { segment } = extent
    segment.readers++
    try {
      const index = await indexCache.load(extent)
      const places = placesIn(log, index, { at, end })
      const options = { index, memory: 'collected', clock } as const
      const { runs, damaged } = await readRuns(segment, places.wanted, options)
      if (damaged.length > 0) throw damagedError(segment, index.position(damaged[0]!))
      return { segment, runs: runs as readonly Run[], end: Math.max(places.end, at + 1) }
    } finally {
      segment.readers--
      if (segment.readers === 0) onReleased(segment)
    }
  }

  async #write(log: Log, piece: Piece, rewritten: readonly RewrittenRun[]): Promise<void> {
    for (const [order, run] of piece.runs.entries()) {
      const outcome = rewritten[order]
      if (outcome === undefined || outcome.kind === 'gone') continue
      const { writer, segment, keys } = await this.#targetFor(run.size)
      if (this.#source !== piece.segment) writer.startSource()
      this.#source = piece.segment
      let key = keys.get(log.id)
      if (key === undefined) keys.set(log.id, (key = new Extent(segment, log.id, run.baseOffset)))
      add(writer, { key, run, log }, outcome)
      if (writer.isFull) await writer.flush()
    }
  }

  /** The file that is written now; a full one is left. */
  async #targetFor(size: number): Promise<Target> {
    const { folder, fileSizeMax } = this.#options
    const current = this.#targets.at(-1)
    if (current !== undefined && current.segment.dataEnd + size <= fileSizeMax) return current
    const space = await folder.disk.freeSpace(folder.path)
    if (space.free - reserveSizeOf(space) / 2 < fileSizeMax) {
      throw new Error('Compaction waits for space on the disk')
    }
    const segment = await createSegment(folder, fileKind.survivors)
    const writer = new SurvivorWriter(segment, folder.manifest.content.epoch)
    const target = { segment, writer, keys: new Map<number, Extent>() }
    if (current !== undefined) await current.writer.flush()
    this.#targets.push(target)
    this.#source = undefined
    return target
  }
}

interface Written {
  readonly key: Extent
  readonly run: Run
  readonly log: Log
}

function add(writer: SurvivorWriter, { key, run, log }: Written, outcome: RewrittenRun): void {
  switch (outcome.kind) {
    case 'gone':
      return
    case 'whole':
      writer.add(key, run, log, keepAll)
      return
    case 'batch':
      writer.add(key, Run.fromBytes(outcome.bytes), log)
      return
    case 'messages':
      if (outcome.deleteHorizon !== undefined) run.deleteHorizon = outcome.deleteHorizon
      writer.add(key, run, log, outcome.keep)
      return
    default:
      outcome satisfies never
  }
}

function keepAll(): boolean {
  return true
}

interface Wanted {
  readonly at: number
  readonly end: number
}

/** The next runs of which something is kept, and the offset to go on at. */
function placesIn(
  log: Log,
  index: RunIndex,
  { at, end }: Wanted,
): { readonly wanted: number[]; readonly end: number } {
  const wanted: number[] = []
  let size = 0
  let next = at
  for (let place = index.find(at); place < index.count; place++) {
    const last = index.lastOffset(place)
    if (last >= end) return { wanted, end }
    const isKept = log.keptIn(index.baseOffset(place), last) > 0
    if (isKept && size > 0 && size + index.size(place) > logLimits.rewritingPieceSizeMax) break
    next = last + 1
    if (!isKept) continue
    size += index.size(place)
    wanted.push(place)
  }
  return { wanted, end: next }
}

function damagedError({ path }: Segment, position: number): Error {
  return new Error(
    `${path} is damaged in the run at byte ${position}: its topic is not compacted; run "pabal verify" for a full report`,
  )
}
