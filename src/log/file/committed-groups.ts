// What a group changes in memory once it is durable: where its runs are, which of them stay in
// memory, and what nobody needs any more.
import type { CommitGroup } from '../commit-group.ts'
import type { Log } from '../log.ts'
import type { AsideStore } from './aside-store.ts'
import type { LogExtents } from './log-extents.ts'
import { indexedRun } from './run-index.ts'
import type { Segment } from './segment.ts'
import type { TailCache } from './tail-cache.ts'
import type { WrittenGroup } from './wal-writer.ts'

export interface CommittedGroupsOptions {
  /** All files that are not retired. */
  readonly segments: Set<Segment>
  readonly extents: LogExtents
  readonly tailCache: TailCache
  readonly asides: AsideStore
}

export class CommittedGroups {
  readonly #options: CommittedGroupsOptions

  constructor(options: CommittedGroupsOptions) {
    this.#options = options
  }

  /** Takes a group that was just written, before anybody else is told. */
  add(group: CommitGroup, written: WrittenGroup): void {
    const { segments, extents, asides } = this.#options
    const { segment } = written
    segments.add(segment)
    segment.writtenSharedSize += group.shared?.size ?? 0
    this.#addRuns(group, written)
    for (const { log, offset, asideId } of group.asides) {
      segment.asides.push({ logId: log.id, offset, asideId })
      asides.onCommitted(asideId)
    }
    for (const log of group.deltas.keys()) this.#onAcked(log)
    for (const log of group.trims.keys()) this.#onAcked(log)
    for (const log of group.deleted) {
      extents.dropLog(log.id)
      asides.onAcked(log)
    }
  }

  #addRuns(group: CommitGroup, { segment, runPositions }: WrittenGroup): void {
    const { extents, tailCache } = this.#options
    for (const [index, { log, run }] of group.runs.entries()) {
      segment.writtenRunSize += run.size
      extents.addRun(segment, log.id, indexedRun(run, runPositions[index]!))
      tailCache.add(log, run)
    }
  }

  #onAcked(log: Log): void {
    const { extents, asides } = this.#options
    extents.dropBelow(log.id, log.cursor.floor)
    asides.onAcked(log)
  }
}
