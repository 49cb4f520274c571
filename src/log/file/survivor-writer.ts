// Writes living records into a survivor file, in commits like those of the WAL. Records keep their
// offsets; bodies that several of them share are stored once per commit.
import { logLimits } from '../../limits/log.ts'
import { batchMagic } from '../../record/batch/batch-header.ts'
import {
  recordAsideId,
  recordBodySize,
  recordSharedStart,
  recordReferenceAt,
} from '../../record/message/message-record.ts'
import { Commit } from '../commit.ts'
import { copyMessages } from '../copy-messages.ts'
import type { Log } from '../log.ts'
import type { Run } from '../run.ts'
import type { SharedBodies } from '../shared-bodies.ts'
import { CommitEncoder } from './commit-encoder.ts'
import { writeAllAt } from './file-operations.ts'
import { indexedRun } from './run-index.ts'
import { Extent } from './segment.ts'
import type { AsideReference, Segment } from './segment.ts'

interface PendingRun {
  readonly extent: Extent
  readonly run: Run
}

export class SurvivorWriter {
  /** Where the living part of each extent is now. */
  readonly moved: Map<Extent, Extent> = new Map()
  /** Records that were taken and have a body in a file of its own. */
  readonly asides: AsideReference[] = []
  readonly #segment: Segment
  readonly #leaderEpoch: number
  readonly #encoder = new CommitEncoder()
  #commit = new Commit(1)
  #pending: PendingRun[] = []
  /** Places of shared bodies in the commit, by the file position they were copied from. */
  #sharedPositions = new Map<number, number>()

  constructor(segment: Segment, leaderEpoch: number) {
    this.#segment = segment
    this.#leaderEpoch = leaderEpoch
  }

  /** What is added from now on comes from another file: its positions mean other bodies. */
  startSource(): void {
    this.#sharedPositions = new Map()
  }

  /** Whether it is time to `flush`. */
  get isFull(): boolean {
    return this.#commit.size >= logLimits.survivorCommitSizeMax
  }

  /**
   * Takes what lives of `run`, which belongs to `from`: of messages those that `keep` wants, by default all
   * that some cursor has not acked.
   */
  add(
    from: Extent,
    run: Run,
    log: Log,
    keep: (offset: number) => boolean = (offset) => log.isKept(offset),
  ): void {
    const living = run.magic === batchMagic.messages ? this.#livingPart(run, log, keep) : run
    if (living.recordCount === 0) return
    this.#commit.addRun(log, living)
    this.#commit.grow(living.size)
    this.#pending.push({ extent: from, run: living })
  }

  /** Writes what was added since the last flush. Not synced. */
  async flush(): Promise<void> {
    const commit = this.#commit
    if (commit.runs.length === 0) return
    const segment = this.#segment
    const buffers = this.#encoder.encode(commit, {
      fileId: segment.id,
      salt: segment.salt,
      position: segment.dataEnd,
      leaderEpoch: this.#leaderEpoch,
      sequence: commit.sequence,
      syncedThrough: 0,
    })
    await writeAllAt(segment.file, buffers, segment.dataEnd)
    segment.dataEnd += this.#encoder.size
    segment.writtenSharedSize += commit.shared?.size ?? 0
    for (const [order, { extent, run }] of this.#pending.entries()) {
      segment.writtenRunSize += run.size
      this.#extentFor(extent, run).add(indexedRun(run, this.#encoder.runPositions[order]!))
    }
    this.#pending = []
    this.#sharedPositions = new Map()
    this.#commit = new Commit(commit.sequence + 1)
  }

  #extentFor(from: Extent, run: Run): Extent {
    let extent = this.moved.get(from)
    if (extent === undefined) {
      extent = new Extent(this.#segment, from.logId, run.baseOffset)
      this.moved.set(from, extent)
    }
    return extent
  }

  /** A run of the records that are wanted, with their bodies brought along. */
  #livingPart(run: Run, log: Log, keep: (offset: number) => boolean): Run {
    return copyMessages(run, keep, (living, at, start) => {
      if (recordSharedStart(run.buffer, at) >= 0) this.#moveShared({ run, at }, { living, start })
      const asideId = recordAsideId(run.buffer, at)
      if (asideId === 0) return
      const offset = living.lastOffset
      this.#commit.addAside({ log, offset, asideId })
      this.asides.push({ logId: log.id, offset, asideId })
    })
  }

  #moveShared(from: { run: Run; at: number }, to: { living: Run; start: number }): void {
    const { run, at } = from
    const position = recordSharedStart(run.buffer, at)
    const source = run.shared as SharedBodies
    const filePosition = run.sharedPosition + position
    let moved = this.#sharedPositions.get(filePosition)
    if (moved === undefined) {
      const start = position - source.base
      const size = recordBodySize(run.buffer, at)
      moved = this.#commit.shareBody(source.buffer, start, start + size)
      this.#sharedPositions.set(filePosition, moved)
    }
    to.living.shared = this.#commit.shared
    to.living.buffer.writeUInt32BE(moved, recordReferenceAt(to.living.buffer, to.start))
  }
}
