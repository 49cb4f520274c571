// Writes commits to the current WAL file, one at a time. Invariant: a commit is reported only
// when all its bytes are on stable storage (durability `fsync`). A file whose write or sync failed
// is never written again: the commit goes to a new file, as often as it takes.
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { Commit } from '../commit.ts'
import { CommitEncoder } from './commit-encoder.ts'
import { diskErrorKind } from './disk-error.ts'
import type { Segment } from './segment.ts'

/** Where a commit is now. One object is reused for all commits. */
export interface WrittenCommit {
  readonly segment: Segment
  readonly position: number
  /** File positions of its runs, in their order. */
  readonly runPositions: readonly number[]
}

export interface WalWriterOptions {
  readonly clock: Clock
  /** As in `SegmentFolder.isWalSynced`. */
  readonly isSynced: boolean
  readonly leaderEpoch: number
  readonly segment: Segment
  /** Everything up to this commit is on stable storage. */
  readonly syncedThrough: number
  readonly fileSizeMax: number
  /** Creates and lists a new file. */
  readonly createSegment: () => Promise<Segment>
  readonly onCommitted: (commit: Commit, written: WrittenCommit) => void
  /** A new file begins to fill: at this rate it is full after so many milliseconds. */
  readonly onFilling: (fillMs: number) => void
  /** Nothing will be added to `segment` any more. */
  readonly onFull: (segment: Segment) => void
  /** A write or sync failed; it is tried again. */
  readonly onTrouble: (error: Error) => void
  /** No file can be created; it is tried again. */
  readonly onCannotCreate: (error: Error) => void
  /** Writing has failed more than once in a row (true), or works again. */
  readonly onStuck: (isStuck: boolean) => void
}

/** A file grows to so many times its usual size while no other can be created. */
const fileSizesMax = 16
/** How full a file is when its rate is told, and when the next one is created. */
const rateShare = 1 / 16
const prepareShare = 1 / 4

export class WalWriter {
  readonly #options: WalWriterOptions
  readonly #encoder = new CommitEncoder()
  #segment: Segment
  #segmentSince: number
  #isRateKnown = false
  /** Created ahead of time, so that switching costs nothing. */
  #next: Segment | undefined
  #nextPromise: Promise<void> | undefined
  #mayPrepareAfter = 0
  #syncedThrough: number
  /** The commit being written. */
  #commit: Commit | undefined
  /** How often it failed. */
  #failureCount = 0
  #isStopped = false
  #retry: Timer | undefined

  constructor(options: WalWriterOptions) {
    this.#options = options
    this.#segment = options.segment
    this.#segmentSince = options.clock.monotonic()
    this.#syncedThrough = options.syncedThrough
  }

  /** The file that takes the next commit, unless it is full. */
  get segment(): Segment {
    return this.#segment
  }

  /** Writes `commit`, then calls `onCommitted`. One at a time. */
  write(commit: Commit): void {
    this.#commit = commit
    if (this.#isStopped) return
    if (this.#isSwitchDue()) this.#switchToNext()
    // Positions in a file have 32 bits: one that could not be followed by another ends somewhere.
    if (this.#segment.dataEnd < this.#options.fileSizeMax * fileSizesMax) this.#write()
    else this.#moveOn()
  }

  /** Storage is lost, or about to be closed: what is being written, and all that comes, never counts. */
  stop(): void {
    this.#isStopped = true
    this.#retry?.stop()
  }

  /** Stops creating files and returns the one that was created ahead of time, if any. */
  async close(): Promise<Segment | undefined> {
    this.#mayPrepareAfter = Infinity
    await this.#nextPromise
    const next = this.#next
    this.#next = undefined
    return next
  }

  #write(): void {
    if (this.#isStopped) return
    const commit = this.#commit as Commit
    const segment = this.#segment
    const place = {
      fileId: segment.id,
      salt: segment.salt,
      position: segment.dataEnd,
      leaderEpoch: this.#options.leaderEpoch,
      sequence: commit.sequence,
      syncedThrough: this.#syncedThrough,
    }
    const buffers = this.#encoder.encode(commit, place)
    segment.file.writev(buffers, place.position, this.#onWritten)
  }

  readonly #onWritten = (error: Error | null): void => {
    if (this.#isStopped) return
    if (error !== null) {
      this.#onWriteFailed(error)
      return
    }
    if (this.#options.isSynced) this.#syncedThrough = (this.#commit as Commit).sequence
    this.#onDurable()
  }

  #onDurable(): void {
    const commit = this.#commit as Commit
    const segment = this.#segment
    const position = segment.dataEnd
    segment.dataEnd = position + this.#encoder.size
    if (segment.firstSequence === 0) segment.firstSequence = commit.sequence
    segment.lastSequence = commit.sequence
    this.#commit = undefined
    if (this.#failureCount > 1) this.#options.onStuck(false)
    this.#failureCount = 0
    this.#lookAhead(segment)
    this.#options.onCommitted(commit, {
      segment,
      position,
      runPositions: this.#encoder.runPositions,
    })
  }

  /** A file that has to grow is left early for one that has its blocks already. */
  #isSwitchDue(): boolean {
    const { dataEnd, priorSize } = this.#segment
    const isFaster = priorSize === 0 && this.#next !== undefined && this.#next.priorSize > 0
    return dataEnd >= this.#options.fileSizeMax * (isFaster ? prepareShare : 1)
  }

  #lookAhead({ dataEnd }: Segment): void {
    const share = dataEnd / this.#options.fileSizeMax
    if (share >= rateShare && !this.#isRateKnown) {
      this.#isRateKnown = true
      const elapsed = this.#options.clock.monotonic() - this.#segmentSince
      this.#options.onFilling(elapsed / share)
    }
    if (share >= prepareShare) this.#prepareNext()
  }

  /** Without a next file this one grows a little more; creating it is on its way or tried again. */
  #switchToNext(): void {
    const next = this.#next
    if (next === undefined) return
    this.#next = undefined
    const full = this.#segment
    this.#segment = next
    this.#segmentSince = this.#options.clock.monotonic()
    this.#isRateKnown = false
    this.#options.onFull(full)
  }

  #prepareNext(): void {
    const now = this.#options.clock.monotonic()
    if (this.#next !== undefined || this.#nextPromise !== undefined) return
    if (now < this.#mayPrepareAfter) return
    this.#nextPromise = this.#options.createSegment().then(
      (segment) => {
        this.#nextPromise = undefined
        this.#next = segment
      },
      (error: Error) => {
        this.#nextPromise = undefined
        this.#mayPrepareAfter = now + logLimits.diskRetryMs
        this.#options.onTrouble(error)
      },
    )
  }

  /** A full disk says nothing about the bytes that are there: the same place is tried again. */
  #onWriteFailed(error: Error): void {
    if (diskErrorKind(error) !== 'full') {
      this.#startOver(error)
      return
    }
    this.#options.onTrouble(error)
    this.#retryAfter(logLimits.diskRetryMs, () => this.#write())
  }

  /** What was being written goes to another file. */
  #startOver(error: Error): void {
    this.#segment.hasFailed = true
    this.#options.onTrouble(error)
    this.#retryAfter(this.#noteFailure(), this.#moveOn)
  }

  /** Not when the trouble was the end of the store. */
  #retryAfter(ms: number, retry: () => void): void {
    if (!this.#isStopped) this.#retry = this.#options.clock.after(ms, retry)
  }

  readonly #moveOn = (): void => {
    if (this.#isStopped) return
    if (this.#nextPromise !== undefined) {
      void this.#nextPromise.then(this.#moveOn)
      return
    }
    if (this.#next !== undefined) {
      this.#switchToNext()
      this.#write()
      return
    }
    this.#options.createSegment().then(
      (segment) => {
        this.#next = segment
        this.#moveOn()
      },
      (error: Error) => {
        if (this.#isStopped) return
        this.#options.onCannotCreate(error)
        this.#retryAfter(this.#noteFailure(), this.#moveOn)
      },
    )
  }

  /** Returns how long to wait for the next try: the first one is made at once. */
  #noteFailure(): number {
    const count = ++this.#failureCount
    if (count === 2) this.#options.onStuck(true)
    return count === 1
      ? 0
      : Math.min(2 ** (count - 2) * logLimits.diskRetryMs, logLimits.diskRetryMsMax)
  }
}
