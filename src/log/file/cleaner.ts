// Gives the space of mostly dead files back: copies the records that still live into a survivor
// file and retires the sources. Invariant: the sources go only after the survivor file is synced,
// its folder is synced and the manifest names it instead of them; a crash before that leaves a file
// that nobody lists.
import type { Clock } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { Log } from '../log.ts'
import { createSegment } from './create-segment.ts'
import type { SegmentFolder } from './create-segment.ts'
import { reserveSizeOf } from './disk-space.ts'
import { fileKind, runEntrySize } from './file-format.ts'
import type { IndexCache } from './index-cache.ts'
import { keptSize } from './kept-size.ts'
import type { LogExtents } from './log-extents.ts'
import { readRuns } from './read-runs.ts'
import { runIndexStride } from './run-index.ts'
import type { RunIndex } from './run-index.ts'
import { summaryStride, writeDirectory } from './segment-directory.ts'
import type { Extent, Segment } from './segment.ts'
import { SurvivorWriter } from './survivor-writer.ts'

export interface CleanerOptions {
  readonly clock: Clock
  readonly folder: SegmentFolder
  readonly extents: LogExtents
  readonly indexCache: IndexCache
  readonly logs: ReadonlyMap<number, Log>
  /** All files that are not retired. */
  readonly segments: Set<Segment>
  readonly fileSizeMax: number
  readonly whenDurable: (callback: () => void) => void
}

interface EarlierLook {
  readonly before: number | undefined
  readonly living: number
  readonly survey: number
}

/** A run that still has a living record, and where its index is. */
interface LivingRun {
  readonly extent: Extent
  readonly index: RunIndex
  readonly at: number
}

export class Cleaner {
  readonly #options: CleanerOptions
  /** What lived in each file at the survey before this one. */
  readonly #seen = new WeakMap<Segment, EarlierLook>()
  /** See `CleaningStats`. */
  readonly stats: { isRunning: boolean; fileCount: number; freedSize: number } = {
    isRunning: false,
    fileCount: 0,
    freedSize: 0,
  }
  #isClosed = false
  #isInTheWay = false
  #endPause: () => void = () => {}

  constructor(options: CleanerOptions) {
    this.#options = options
  }

  /** Ends the copying under way; what was copied is thrown away. */
  close(): void {
    this.#isClosed = true
    this.#endPause()
  }

  /** The disk is full: a copy would take what acks and the manifest need. */
  giveWay(): void {
    this.#isInTheWay = true
    this.#endPause()
  }

  /**
   * Picks files that are worth copying out of: mostly dead ones, and small ones when there are
   * many. A file that is being drained is left alone: soon it costs nothing. `survey` rises once
   * an interval. Never more than there is room for a copy of: acks come first on a full disk.
   */
  async choose(candidates: readonly Segment[], survey: number): Promise<Segment[]> {
    if (candidates.length === 0) return []
    const sizeMax = Math.min(this.#options.fileSizeMax, await this.#roomForCopies())
    const chosen: Segment[] = []
    const small: Segment[] = []
    let livingSize = 0
    let smallSize = 0
    for (const segment of candidates) {
      const living = await this.#livingSize(segment)
      const isSteady = this.#isSteady(segment, living, survey)
      const wornSize = segment.size * logLimits.cleaningLivingShareMax
      const mayBeWorn = isSteady && living < wornSize
      const kept = mayBeWorn ? await this.#keptSize(segment, living) : living
      const isWorn = mayBeWorn && kept < wornSize
      if (livingSize + kept > sizeMax) continue
      if (isWorn) {
        chosen.push(segment)
        livingSize += kept
      } else if (isSteady && segment.size < this.#options.fileSizeMax * logLimits.smallFileShare) {
        if (small.length === logLimits.smallFilesMax) continue
        small.push(segment)
        smallSize += kept
      }
    }
    const isCrowded = small.length === logLimits.smallFilesMax
    if (isCrowded && livingSize + smallSize <= sizeMax) chosen.push(...small)
    return chosen
  }

  /** Copies what lives in `sources` to a new file, which is one of `segments` then; the sources may go. */
  async clean(sources: readonly Segment[]): Promise<void> {
    this.stats.isRunning = true
    try {
      await this.#clean(sources)
    } finally {
      this.stats.isRunning = false
    }
  }

  async #clean(sources: readonly Segment[]): Promise<void> {
    const { folder } = this.#options
    this.#isInTheWay = false
    const target = await createSegment(folder, fileKind.survivors)
    const writer = new SurvivorWriter(target, folder.manifest.content.epoch)
    try {
      await this.#copy(sources, target, writer)
      await this.#whenDurable()
      this.#checkWanted()
    } catch (error) {
      await discard(folder, target)
      throw error
    }
    const isUsed = writer.moved.size > 0
    // It is listed from the next line on, and who copies what is listed has to find it.
    if (isUsed) this.#options.segments.add(target)
    await this.#listInstead(sources, isUsed ? target : undefined)
    // From here on the target is the only copy that counts.
    target.state = 'sealed'
    this.#move(sources, writer.moved)
    const sourceSize = sources.reduce((sum, { size }) => sum + size, 0)
    this.stats.fileCount += sources.length
    this.stats.freedSize += Math.max(0, sourceSize - (isUsed ? target.size : 0))
    if (!isUsed) await discard(folder, target)
  }

  /** Half of the reserve's size is left to acks and deletes, also when the reserve was given up. */
  async #roomForCopies(): Promise<number> {
    const { disk, path } = this.#options.folder
    const space = await disk.freeSpace(path)
    return space.free - reserveSizeOf(space) / 2
  }

  async #copy(sources: readonly Segment[], target: Segment, writer: SurvivorWriter): Promise<void> {
    for (const source of sources) await this.#copyLiving(source, writer)
    await writer.flush()
    target.asides.push(...writer.asides)
    await writeDirectory(target, [...writer.moved.values()])
  }

  /** Whether little went since an earlier survey. */
  #isSteady(segment: Segment, living: number, survey: number): boolean {
    if (living === 0) return true
    const seen = this.#seen.get(segment)
    if (seen === undefined) {
      this.#seen.set(segment, { before: undefined, living, survey })
      return false
    }
    if (survey > seen.survey) {
      this.#seen.set(segment, { before: seen.living, living, survey })
      return living >= seen.living * logLimits.steadyShareMin
    }
    return seen.before !== undefined && seen.living >= seen.before * logLimits.steadyShareMin
  }

  #keptSize(segment: Segment, living: number): Promise<number> {
    const { logs, indexCache } = this.#options
    const loadIndex = (extent: Extent): Promise<RunIndex> => indexCache.load(extent)
    return keptSize(segment, living, { logs, loadIndex })
  }

  /** About how many bytes a file would have that held only what lives in `segment`. */
  async #livingSize(segment: Segment): Promise<number> {
    let runSize = 0
    let overhead = 0
    let count = 0
    for (const extents of segment.extents.values()) {
      for (const extent of extents) {
        const log = this.#options.logs.get(extent.logId)
        if (log === undefined || extent.recordCount === 0) continue
        const living = log.keptIn(extent.firstOffset, extent.lastOffset)
        if (living === 0) continue
        const share = Math.min(1, living / extent.recordCount)
        runSize += extent.byteCount * share
        overhead += summaryStride + extent.runCount * (runEntrySize + runIndexStride) * share
        if (++count % logLimits.extentsPerTurnMax === 0) await this.#nextTurn()
      }
    }
    const sharedShare = segment.writtenSharedSize / Math.max(1, segment.writtenRunSize)
    return runSize * (1 + sharedShare) + overhead
  }

  #checkWanted(): void {
    if (this.#isClosed) throw new Error('Cleaning was ended by the close of the store')
    if (this.#isInTheWay) throw new Error('Cleaning waits for space on the disk')
  }

  async #copyLiving(source: Segment, writer: SurvivorWriter): Promise<void> {
    writer.startSource()
    const living = await this.#findLiving(source)
    living.sort((a, b) => a.index.position(a.at) - b.index.position(b.at))
    let copiedSize = 0
    for (const { extent, index, at } of living) {
      const { clock } = this.#options
      const options = { index, memory: 'collected', clock } as const
      const { runs, damaged } = await readRuns(source, [at], options)
      const run = runs[0]
      if (run === undefined || damaged.length > 0) throw damagedError(source, index.position(at))
      const log = this.#options.logs.get(extent.logId)
      if (log === undefined) continue
      writer.add(extent, run, log)
      copiedSize += run.size
      if (writer.isFull) await writer.flush()
      if (copiedSize > logLimits.cleaningSizePerPause) {
        copiedSize = 0
        await this.#pause()
        this.#checkWanted()
      }
    }
  }

  async #findLiving(source: Segment): Promise<LivingRun[]> {
    const living: LivingRun[] = []
    for (const extent of [...source.extents.values()].flat()) {
      const log = this.#options.logs.get(extent.logId)
      if (log === undefined) continue
      const index = await this.#options.indexCache.load(extent)
      for (let at = 0; at < index.count; at++) {
        if (log.keptIn(index.baseOffset(at), index.lastOffset(at)) > 0) {
          living.push({ extent, index, at })
        }
      }
    }
    return living
  }

  async #listInstead(sources: readonly Segment[], target: Segment | undefined): Promise<void> {
    const ids = new Set(sources.map(({ id }) => id))
    await this.#options.folder.manifest.update((content) => {
      const files = content.files.filter(({ id }) => !ids.has(id) && id !== target?.id)
      if (target !== undefined) {
        const { id, size, dataEnd } = target
        files.push({ id, kind: 'survivors', sealedSize: size, dataEnd })
      }
      return { ...content, files: files.toSorted((a, b) => a.id - b.id) }
    })
  }

  /** What was acked, trimmed or deleted meanwhile is not needed in the new place either. */
  #move(sources: readonly Segment[], moved: ReadonlyMap<Extent, Extent>): void {
    const { extents, indexCache, logs } = this.#options
    for (const from of sources.flatMap((source) => [...source.extents.values()].flat())) {
      const to = moved.get(from)
      const log = logs.get(from.logId)
      indexCache.forget(from)
      if (to === undefined || log === undefined) {
        extents.drop(from)
      } else if (extents.replace(from, to)) {
        indexCache.keep(to, to.index as RunIndex)
        extents.dropBelow(log.id, log.floor)
      }
    }
  }

  #whenDurable(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.whenDurable(resolve)
    })
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.atEndOfTurn(resolve)
    })
  }

  #pause(): Promise<void> {
    if (this.#isClosed || this.#isInTheWay) return Promise.resolve()
    return new Promise((resolve) => {
      const pause = this.#options.clock.after(logLimits.cleaningPauseMs, resolve)
      this.#endPause = () => {
        pause.stop()
        resolve()
      }
    })
  }
}

async function discard(folder: SegmentFolder, target: Segment): Promise<void> {
  await target.file.close()
  await folder.disk.unlink(target.path)
}

function damagedError(source: Segment, position: number): Error {
  return new Error(
    `${source.path} is damaged in the run at byte ${position}: it is left as it is; run "pabal verify" for a full report`,
  )
}
