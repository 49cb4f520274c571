// The embedded engine: one WAL for all logs on the machine's own disk. This file joins the parts
// and holds no format of its own.
import type { Clock } from '../../lib/clock.ts'
import type { Turn } from '../../lib/turn.ts'
import type { AtomIndex, CommitGroup } from '../commit-group.ts'
import { CommitScheduler } from '../commit-scheduler.ts'
import type { BlockedReason, CreateLogOptions, LogStore, LogStoreEvents } from '../log-store.ts'
import { Log } from '../log.ts'
import type { LogEngine } from '../log.ts'
import type { Run } from '../run.ts'
import { ColdReader } from './cold-reader.ts'
import { createSegment } from './create-segment.ts'
import type { SegmentFolder } from './create-segment.ts'
import { fileKind } from './file-format.ts'
import type { FileLimits } from './file-limits.ts'
import type { LogExtents } from './log-extents.ts'
import type { RecoveredState } from './recovered-state.ts'
import type { IndexedRun } from './run-index.ts'
import type { Segment } from './segment.ts'
import { TailCache } from './tail-cache.ts'
import { WalWriter } from './wal-writer.ts'

/** `fsync`: reported when on stable storage. `os`: when the operating system has it. */
export type Durability = 'fsync' | 'os'

/** What `openFileLogStore` prepared; nobody else makes a store. */
export interface FileLogStoreParts {
  readonly clock: Clock
  readonly turn: Turn
  readonly durability: Durability
  readonly events: LogStoreEvents
  readonly limits: FileLimits
  readonly folder: SegmentFolder
  readonly extents: LogExtents
  readonly segments: readonly Segment[]
  readonly segment: Segment
  readonly state: RecoveredState
  readonly lastSequence: number
}

export class FileLogStore implements LogStore, LogEngine {
  readonly epoch: number
  readonly asideBodies: Map<number, Buffer> = new Map()
  readonly logs: Map<number, Log> = new Map()
  blocked: BlockedReason | undefined
  readonly #clock: Clock
  readonly #scheduler: CommitScheduler
  readonly #extents: LogExtents
  readonly #writer: WalWriter
  readonly #tailCache: TailCache
  readonly #coldReader: ColdReader
  readonly #segments: Set<Segment>
  #nextLogId: number
  #nextTopologySequence: number

  constructor(parts: FileLogStoreParts) {
    this.epoch = parts.folder.manifest.content.epoch
    this.#clock = parts.clock
    this.#extents = parts.extents
    this.#segments = new Set([...parts.segments, parts.segment])
    this.#nextLogId = parts.state.nextLogId
    this.#nextTopologySequence = parts.state.nextTopologySequence
    this.#tailCache = new TailCache(parts.limits.tailCacheSizeMax)
    this.#scheduler = new CommitScheduler({
      turn: parts.turn,
      commit: (group) => this.#writer.commit(group),
      groupsInFlightMax: 1,
      firstSequence: parts.lastSequence + 1,
      isTracing: false,
    })
    this.#writer = new WalWriter({
      clock: parts.clock,
      isSynced: parts.durability === 'fsync',
      leaderEpoch: this.epoch,
      segment: parts.segment,
      syncedThrough: parts.lastSequence,
      fileSizeMax: parts.limits.walFileSizeMax,
      createSegment: () => createSegment(parts.folder, fileKind.wal),
      takeExtra: () => undefined,
      onCommitted: (group, segment, positions) => this.#onCommitted(group, segment, positions),
      onFull: () => {},
      onTrouble: (error) => parts.events.onTrouble?.(error),
    })
    this.#coldReader = new ColdReader({
      extents: parts.extents,
      loadIndex: () => Promise.reject(new Error('Not yet')),
      onDamaged: (log, first, last, error) => parts.events.onDamaged?.(log, first, last, error),
      onReleased: () => {},
    })
    this.#restoreLogs(parts.state)
  }

  get uncommittedSize(): number {
    return this.#scheduler.uncommittedSize
  }

  beginAtom(): CommitGroup {
    return this.#scheduler.beginAtom()
  }

  endAtom(): AtomIndex {
    return this.#scheduler.endAtom()
  }

  createLog(options: CreateLogOptions): Log {
    const log = new Log({ id: this.#nextLogId++, isVolatile: options.isVolatile, engine: this })
    if (options.isVolatile) return log
    this.logs.set(log.id, log)
    this.#change().created.push(log)
    return log
  }

  deleteLog(log: Log): void {
    log.isDeleted = true
    for (const run of log.tail) this.#tailCache.drop(run)
    log.tail = []
    log.setWindow([], 0, 0)
    if (log.isVolatile) return
    this.logs.delete(log.id)
    this.#change().deleted.push(log)
  }

  trim(log: Log, offset: number): void {
    log.startOffset = Math.max(log.startOffset, offset)
    log.cursor.forgetBelow(offset)
    this.onRunsDropped(log, log.evictBefore(offset))
    if (!log.isVolatile) this.#change().trims.set(log, offset)
  }

  putTopology(bytes: Buffer): number {
    const sequence = this.#nextTopologySequence++
    this.#change().topology.push({ sequence, bytes })
    return sequence
  }

  onTopologyApplied(_sequence: number): void {}

  load(log: Log, offset: number, done: (error?: Error) => void): void {
    this.#coldReader.load(log, offset, done)
  }

  writeAside(_body: Buffer, _done: (asideId: number) => void): void {
    throw new Error('Not yet')
  }

  dropAside(_asideId: number): void {}

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#scheduler.whenIdle(resolve)
    })
    for (const segment of this.#segments) await segment.file.close()
  }

  openGroupForAppend(): CommitGroup {
    return this.#scheduler.open
  }

  onChanged(): void {
    this.#scheduler.schedule()
  }

  onAsideAppended(log: Log, offset: number, asideId: number): void {
    this.#scheduler.open.asides.push({ log, offset, asideId })
  }

  onVolatileRun(): void {}

  onRunsDropped(_log: Log, runs: readonly Run[]): void {
    for (const run of runs) this.#tailCache.drop(run)
  }

  now(): number {
    return this.#clock.now()
  }

  #change(): CommitGroup {
    this.#scheduler.schedule()
    return this.#scheduler.open
  }

  #onCommitted(group: CommitGroup, segment: Segment, positions: readonly number[]): void {
    for (const [index, { log, run }] of group.runs.entries()) {
      if (log.isDeleted) continue
      this.#extents.addRun(segment, log.id, indexed(run, positions[index]!))
      this.#tailCache.add(log, run)
    }
    for (const log of group.deltas.keys()) this.#extents.dropBelow(log.id, log.cursor.floor)
    for (const log of group.trims.keys()) this.#extents.dropBelow(log.id, log.cursor.floor)
    for (const log of group.deleted) this.#extents.dropLog(log.id)
    this.#scheduler.finish(group)
  }

  #restoreLogs(state: RecoveredState): void {
    for (const recovered of state.logs.values()) {
      const { id, cursor } = recovered
      const log = new Log({ id, isVolatile: false, engine: this, cursor })
      log.startOffset = recovered.startOffset
      log.endOffset = recovered.endOffset
      log.durableEnd = recovered.endOffset
      log.deliveredMark = recovered.deliveredMark
      log.durableDeliveredMark = recovered.deliveredMark
      this.logs.set(id, log)
    }
  }
}

function indexed(run: Run, position: number): IndexedRun {
  const { baseOffset, lastOffset, recordCount, maxTimestamp, size } = run
  return { baseOffset, lastOffset, recordCount, maxTimestamp, size, position }
}
