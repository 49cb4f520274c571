// What a commit changes in memory once it is durable: where its runs are, which of them stay in
// memory, and what nobody needs any more.
import type { Commit } from '../commit.ts'
import type { Log } from '../log.ts'
import type { AsideStore } from './aside-store.ts'
import type { LogExtents } from './log-extents.ts'
import { indexedRun } from './run-index.ts'
import type { Segment } from './segment.ts'
import type { TailCache } from './tail-cache.ts'
import type { WrittenCommit } from './wal-writer.ts'

export interface DurableCommitsOptions {
  /** All files that are not retired. */
  readonly segments: Set<Segment>
  readonly extents: LogExtents
  readonly tailCache: TailCache
  readonly asides: AsideStore
}

export class DurableCommits {
  readonly #options: DurableCommitsOptions

  constructor(options: DurableCommitsOptions) {
    this.#options = options
  }

  /** Takes a commit that was just written, before anybody else is told. */
  add(commit: Commit, written: WrittenCommit): void {
    const { segments, extents, asides } = this.#options
    const { segment } = written
    segments.add(segment)
    segment.writtenSharedSize += commit.shared?.size ?? 0
    this.#addRuns(commit, written)
    for (const { log, offset, asideId } of commit.asides) {
      segment.asides.push({ logId: log.id, offset, asideId })
      asides.onCommitted(asideId)
    }
    for (const { log } of commit.deltas.keys()) this.#onAcked(log)
    for (const { log } of commit.deletedCursors) this.#onAcked(log)
    for (const log of commit.trims.keys()) this.#onAcked(log)
    for (const log of commit.deleted) {
      extents.dropLog(log.id)
      asides.onAcked(log)
    }
  }

  #addRuns(commit: Commit, { segment, runPositions }: WrittenCommit): void {
    const { extents, tailCache } = this.#options
    for (const [index, { log, run }] of commit.runs.entries()) {
      segment.writtenRunSize += run.size
      extents.addRun(segment, log.id, indexedRun(run, runPositions[index]!))
      tailCache.add(log, run)
    }
  }

  #onAcked(log: Log): void {
    const { extents, asides } = this.#options
    extents.dropBelow(log.id, log.floor)
    asides.onAcked(log)
  }
}
