// What happens to files behind the writer's back, one job at a time: full files get their
// directory, dead ones are unlinked. Nothing here is in anybody's way: a job that fails is tried
// again later.
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { Cleaner } from './cleaner.ts'
import type { SegmentFolder } from './create-segment.ts'
import { fileKind } from './file-format.ts'
import type { IndexCache } from './index-cache.ts'
import type { ManifestContent } from './manifest.ts'
import type { RunIndex } from './run-index.ts'
import { writeDirectory } from './segment-directory.ts'
import type { Segment } from './segment.ts'

export interface HousekeeperOptions {
  readonly clock: Clock
  readonly folder: SegmentFolder
  readonly indexCache: IndexCache
  readonly cleaner: Cleaner
  /** All files, current and sealed. */
  readonly segments: Set<Segment>
  /** Calls back when everything in memory now is durable. */
  readonly whenDurable: (callback: () => void) => void
  readonly onTrouble: (error: Error) => void
  readonly deleteStepSize: number
}

interface Job {
  readonly job: () => Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Housekeeper {
  readonly #options: HousekeeperOptions
  readonly #full: Segment[] = []
  readonly #jobs: Job[] = []
  #isKicked = false
  #isClosed = false
  #isAbandoned = false
  #retry: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #isRunning = false

  /** Acks in the middle of a log wear files out without anybody being told. */
  #isSurveyDue = true
  #survey = 0
  readonly #surveyTimer: Timer

  constructor(options: HousekeeperOptions) {
    this.#options = options
    this.#surveyTimer = options.clock.every(logLimits.cleaningIntervalMs, () => {
      this.#isSurveyDue = true
      this.#survey++
      this.kick()
    })
  }

  /** Nothing will be added to `segment`. */
  onFull(segment: Segment): void {
    this.#full.push(segment)
    this.kick()
  }

  /** Does `job` while no file is sealed, cleaned or retired. Rejects with what it throws. */
  perform(job: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      this.#jobs.push({ job, resolve, reject })
      this.kick()
    })
  }

  /** Something changed that may have made work. */
  kick(): void {
    this.#isKicked = true
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    this.#running = this.#work().then(
      () => {
        this.#isRunning = false
      },
      (error: Error) => {
        this.#isRunning = false
        if (this.#isClosed) return
        this.#options.onTrouble(error)
        this.#retryLater()
      },
    )
  }

  /** Waits for the job under way and starts no other. */
  async close(): Promise<void> {
    this.#stop()
    await this.#running
    this.#refuseJobs()
  }

  /** Starts no other job; the one under way comes to its end or not, and no file is removed. */
  abandon(): void {
    this.#isAbandoned = true
    this.#stop()
    this.#refuseJobs()
  }

  #stop(): void {
    this.#isClosed = true
    this.#surveyTimer.stop()
    this.#retry?.stop()
    this.#options.cleaner.close()
  }

  #refuseJobs(): void {
    for (const { reject } of this.#jobs.splice(0)) reject(closedError())
  }

  /** Telling of the trouble may have been the end of the store. */
  #retryLater(): void {
    if (this.#isClosed) return
    const { clock } = this.#options
    this.#retry = clock.after(logLimits.housekeepingRetryMs, () => this.kick())
  }

  /** Writes the directory of a full file; from then on it is read as it is. */
  async seal(segment: Segment): Promise<void> {
    // Once the manifest may say that the file is sealed, its bytes must not change any more.
    if (!segment.hasDirectory) await this.#writeDirectory(segment)
    await this.#options.folder.manifest.update((content) => markSealed(content, segment))
    segment.state = 'sealed'
    for (const extents of segment.extents.values()) {
      for (const extent of extents) {
        this.#options.indexCache.keep(extent, extent.index as RunIndex)
      }
    }
  }

  /** The last read of a retired file is done. */
  async onReleased(segment: Segment): Promise<void> {
    if (segment.state !== 'retired' || segment.readers > 0 || this.#isAbandoned) return
    segment.readers = Infinity
    const { disk, spares } = this.#options.folder
    if (segment.kind === fileKind.wal && (await spares.offer(segment))) {
      await segment.file.close()
      return
    }
    if (!disk.isRemote) await this.#shrink(segment)
    await segment.file.close()
    await disk.unlink(segment.path)
  }

  /** Giving back all blocks of a large file in one go would hold up the WAL's writes meanwhile. */
  async #shrink({ file, size }: Segment): Promise<void> {
    const { clock, deleteStepSize } = this.#options
    for (let left = size; left > deleteStepSize && !this.#isClosed;) {
      left -= deleteStepSize
      await file.truncate(left)
      await new Promise<void>((resolve) => {
        clock.after(logLimits.deleteStepMs, resolve)
      })
    }
  }

  async #work(): Promise<void> {
    while (this.#isKicked && !this.#isClosed) {
      this.#isKicked = false
      while (this.#full.length > 0 && !this.#isClosed) {
        await this.seal(this.#full[0] as Segment)
        this.#full.shift()
      }
      for (let next = this.#jobs.shift(); next !== undefined; next = this.#jobs.shift()) {
        await next.job().then(next.resolve, next.reject)
      }
      await this.#retireDead()
      if (this.#isSurveyDue && !this.#isClosed) await this.#cleanWorn()
    }
  }

  async #cleanWorn(): Promise<void> {
    this.#isSurveyDue = false
    const { segments, cleaner } = this.#options
    if (this.#isWitnessNeeded()) return
    const end = this.#replaceableEnd()
    const candidates = [...segments].filter((segment) => isReplaceable(segment, end))
    const sources = await cleaner.choose(candidates, this.#survey)
    if (sources.length === 0 || this.#isClosed) return
    await cleaner.clean(sources)
    for (const source of sources) await this.#retire(source)
    // There may be more of it.
    this.#isSurveyDue = true
    this.#isKicked = true
  }

  async #retire(segment: Segment): Promise<void> {
    this.#options.segments.delete(segment)
    segment.state = 'retired'
    await this.onReleased(segment)
  }

  /** What the directory leaves out must be durably dead: a crash may undo acks in memory. */
  async #writeDirectory(segment: Segment): Promise<void> {
    const extents = [...segment.extents.values()].flat()
    // At the end all is, but what comes too late to count.
    if (!this.#isClosed) await this.#whenDurable()
    await writeDirectory(segment, extents)
  }

  #whenDurable(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.whenDurable(resolve)
    })
  }

  async #retireDead(): Promise<void> {
    const { folder } = this.#options
    if (this.#dead().length === 0) return
    // Acks that made files dead must be durable before the files go.
    await this.#whenDurable()
    if (this.#isWitnessNeeded()) return
    const dead = this.#dead()
    const ids = new Set(dead.map(({ id }) => id))
    await folder.manifest.update((content) => ({
      ...content,
      files: content.files.filter(({ id }) => !ids.has(id)),
    }))
    for (const segment of dead) await this.#retire(segment)
  }

  /**
   * A first commit that failed was written again to the next file. Until that file is sealed, only the
   * last commit before shows that nothing is missing.
   */
  #isWitnessNeeded(): boolean {
    const { segments } = this.#options
    return [...segments].some(
      ({ state, hasFailed, firstSequence }) => state === 'open' && hasFailed && firstSequence === 0,
    )
  }

  #dead(): Segment[] {
    const end = this.#replaceableEnd()
    return [...this.#options.segments].filter(
      (segment) => segment.extentCount === 0 && isReplaceable(segment, end),
    )
  }

  /**
   * Of WAL files with a lower id nothing but the records is needed: a later checkpoint repeats the rest, and no file
   * before them ends where only their first commit shows that nothing is missing.
   */
  #replaceableEnd(): number {
    const { segments, folder } = this.#options
    let end = folder.manifest.written.checkpoint?.fileId ?? 0
    for (const { id, kind, state } of segments) {
      if (kind === fileKind.wal && state === 'open') end = Math.min(end, id)
    }
    return end
  }
}

function isReplaceable({ id, kind, state, isDamaged }: Segment, end: number): boolean {
  if (state !== 'sealed' || isDamaged) return false
  return kind === fileKind.survivors || id < end
}

function closedError(): Error {
  return new Error('The log store is closing')
}

function markSealed(content: ManifestContent, segment: Segment): ManifestContent {
  const { id, size, dataEnd, lastSequence } = segment
  const files = content.files.map((file) =>
    file.id === id ? { ...file, sealedSize: size, dataEnd } : file,
  )
  return { ...content, files, syncedThrough: Math.max(content.syncedThrough, lastSequence) }
}
