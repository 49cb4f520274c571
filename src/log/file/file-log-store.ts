// The embedded engine: one WAL for all logs on the machine's own disk. This file joins the parts
// and holds no format of its own.
import type { Clock } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { AtomIndex, CommitGroup } from '../commit-group.ts'
import { CommitScheduler } from '../commit-scheduler.ts'
import type { BlockedReason, CreateLogOptions, LogStore, LogStoreEvents } from '../log-store.ts'
import { Log } from '../log.ts'
import type { LogEngine } from '../log.ts'
import { RecordView } from '../record.ts'
import type { RunConverter } from '../run-converter.ts'
import type { Run } from '../run.ts'
import { AsideStore } from './aside-store.ts'
import type { NextIds } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { Cleaner } from './cleaner.ts'
import { ColdReader } from './cold-reader.ts'
import { createSegment } from './create-segment.ts'
import type { SegmentFolder } from './create-segment.ts'
import { DiskSpace } from './disk-space.ts'
import { fileKind } from './file-format.ts'
import type { FileLogStoreParts } from './file-log-store-parts.ts'
import { syncFile } from './file-operations.ts'
import { Housekeeper } from './housekeeper.ts'
import { IndexCache } from './index-cache.ts'
import type { KeyedState } from './keyed-state.ts'
import { livingSize } from './living-size.ts'
import type { LogExtents } from './log-extents.ts'
import type { CheckpointPlace } from './manifest.ts'
import type { RecoveredState } from './recovered-state.ts'
import { type RetentionRule, RunFinder } from './run-finder.ts'
import { indexedRun } from './run-index.ts'
import { RunReader } from './run-reader.ts'
import type { Segment } from './segment.ts'
import { TailCache } from './tail-cache.ts'
import { VolatileSpill } from './volatile-spill.ts'
import { isOutOfSpace, WalWriter } from './wal-writer.ts'
import type { WrittenGroup } from './wal-writer.ts'

const noAtom = -1
const notYet = -2

export class FileLogStore implements LogStore, LogEngine {
  readonly epoch: number
  readonly asideBodies: ReadonlyMap<number, Buffer>
  readonly converter: RunConverter | undefined
  readonly logs: Map<number, Log> = new Map()
  readonly #clock: Clock
  readonly #scheduler: CommitScheduler
  readonly #extents: LogExtents
  readonly #writer: WalWriter
  readonly #tailCache: TailCache
  readonly #coldReader: ColdReader
  /** All files that are not retired. */
  readonly #segments: Set<Segment>
  readonly #folder: SegmentFolder
  readonly #events: LogStoreEvents
  readonly #housekeeper: Housekeeper
  readonly #checkpointer: Checkpointer
  readonly #asides: AsideStore
  readonly #runReader: RunReader
  readonly #runFinder: RunFinder
  readonly #keyed: KeyedState
  readonly #diskSpace: DiskSpace
  readonly #spill: VolatileSpill
  #lastCheckpoint: Promise<void> = Promise.resolve()
  /** Everything in an atom has one time: a message may go to 1,000 queues. */
  #atomTime = noAtom
  #nextLogId: number
  #nextTopologySequence: number

  constructor(parts: FileLogStoreParts) {
    this.converter = parts.converter
    this.epoch = parts.folder.manifest.content.epoch
    this.#clock = parts.clock
    this.#extents = parts.extents
    this.#segments = new Set([...parts.segments, parts.segment])
    this.#nextLogId = parts.state.nextLogId
    this.#nextTopologySequence = parts.state.nextTopologySequence
    this.#folder = parts.folder
    this.#events = parts.events
    this.#keyed = parts.state.keyed
    this.#tailCache = new TailCache(parts.limits.tailCacheSizeMax)
    this.#checkpointer = new Checkpointer({
      logs: { [Symbol.iterator]: () => this.logs.values() },
      states: parts.state.keyed,
      ids: () => this.#nextIds(),
      sliceSizeMax: parts.limits.checkpointSliceSizeMax,
      wantGroup: () => this.#wantGroup(),
      onComplete: (place) => this.#onCheckpoint(place),
    })
    this.#scheduler = new CommitScheduler({
      turn: parts.turn,
      commit: (group) => this.#writer.commit(group),
      groupsInFlightMax: 1,
      firstSequence: parts.lastSequence + 1,
      isTracing: false,
      onSeal: (group) => this.#checkpointer.onSeal(group),
    })
    this.#writer = this.#makeWriter(parts)
    const indexCache = new IndexCache(parts.limits.indexCacheSizeMax)
    this.#housekeeper = this.#makeHousekeeper(parts, indexCache)
    this.#coldReader = new ColdReader({
      clock: parts.clock,
      extents: parts.extents,
      loadIndex: (extent) => indexCache.load(extent),
      onDamaged: (log, first, last, error) => parts.events.onDamaged?.(log, first, last, error),
      onReleased: (segment) => void this.#housekeeper.onReleased(segment),
      windowsSizeMax: parts.limits.coldWindowsSizeMax,
    })
    const cold = { extents: parts.extents, coldReader: this.#coldReader }
    this.#runReader = new RunReader({ ...cold, cacheSizeMax: parts.limits.coldRunsSizeMax })
    this.#runFinder = new RunFinder({ ...cold, runReader: this.#runReader })
    this.#spill = this.#makeSpill(parts)
    this.#diskSpace = this.#makeDiskSpace(parts)
    this.#asides = this.#makeAsideStore(parts)
    this.asideBodies = this.#asides.bodies
    this.#restoreLogs(parts.state)
    parts.folder.manifest.onWriteFailed = (error) => this.#pauseAfter(error)
    this.#housekeeper.onTopologyApplied(parts.topologyApplied)
    parts.extents.onSegmentEmpty = () => this.#housekeeper.kick()
    for (const segment of parts.segments) {
      if (segment.state === 'open') this.#housekeeper.onFull(segment)
    }
    this.#housekeeper.kick()
  }

  /** Last step of opening: removes bodies that no record refers to. */
  removeOrphans(): Promise<void> {
    return this.#asides.removeOrphans()
  }

  get blocked(): BlockedReason | undefined {
    return this.#diskSpace.blocked
  }

  get uncommittedSize(): number {
    return this.#scheduler.uncommittedSize
  }

  beginAtom(): CommitGroup {
    this.#atomTime = notYet
    return this.#scheduler.beginAtom()
  }

  endAtom(): AtomIndex {
    this.#atomTime = noAtom
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
    this.onRunsDropped(log, [...log.tail])
    log.tail.clear()
    if (log.isVolatile) {
      this.#spill.forget(log)
      this.#asides.onAcked(log)
      return
    }
    this.#coldReader.forget(log)
    this.#runReader.forget(log)
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

  putState(key: string, value: Buffer | undefined): void {
    this.#keyed.put(key, value)
    const group = this.#change()
    group.states.push({ key, value })
    group.size += key.length + (value?.length ?? 0)
  }

  onTopologyApplied(sequence: number): void {
    this.#housekeeper.onTopologyApplied(sequence)
  }

  load(log: Log, offset: number, done: (error?: Error) => void): void {
    if (this.#loadRest(log, offset, done)) return
    const reader = log.isVolatile ? this.#spill : this.#coldReader
    reader.load(log, offset, (error) => {
      if (error !== undefined) done(error)
      else if (!this.#loadRest(log, offset, done)) done()
    })
  }

  readRuns(log: Log, offset: number, sizeMax: number): readonly Run[] | Promise<readonly Run[]> {
    return this.#runReader.read(log, offset, sizeMax)
  }

  findRunByTimestamp(log: Log, timestamp: number, offset = 0): Promise<Run | undefined> {
    return this.#runFinder.findByTimestamp(log, timestamp, offset)
  }

  maxTimestamp(log: Log): Promise<number | undefined> {
    return this.#runFinder.maxTimestamp(log)
  }

  retentionOffset(log: Log, keep: RetentionRule): Promise<number> {
    return this.#runFinder.retentionOffset(log, keep)
  }

  sizeOf(log: Log): number {
    return livingSize(this.#extents, log)
  }

  writeAside(body: Buffer, done: (asideId: number) => void): void {
    this.#asides.write(body, done)
  }

  dropAside(asideId: number): void {
    this.#asides.drop(asideId)
  }

  async close(): Promise<void> {
    await this.#whenIdle()
    // With everything that is known in one place, the next start replays next to nothing.
    this.#checkpointer.beginLast(this.#scheduler.open.sequence)
    await this.#whenIdle()
    await this.#lastCheckpoint
    await this.#housekeeper.close()
    await this.#folder.spares.close()
    await this.#diskSpace.close()
    await this.#spill.close()
    const next = await this.#writer.close()
    await this.#housekeeper.seal(this.#writer.segment)
    if (next !== undefined) await this.#discard(next)
    for (const segment of this.#segments) await segment.file.close()
  }

  openGroupForAppend(): CommitGroup {
    return this.#scheduler.open
  }

  onChanged(): void {
    this.#scheduler.schedule()
  }

  onAsideAppended(log: Log, offset: number, asideId: number): void {
    if (!log.isVolatile) this.#scheduler.open.asides.push({ log, offset, asideId })
    this.#asides.addReference({ logId: log.id, offset, asideId })
  }

  isAsideLost(asideId: number): boolean {
    return this.#asides.isLost(asideId)
  }

  onVolatileRun(log: Log, run: Run): void {
    this.#spill.onRun(log, run)
  }

  onRunsDropped(log: Log, runs: readonly Run[]): void {
    if (log.isVolatile) {
      this.#spill.onDropped(runs)
      this.#asides.onAcked(log)
    } else {
      for (const run of runs) this.#tailCache.drop(run)
    }
  }

  now(): number {
    if (this.#atomTime === noAtom) return this.#clock.now()
    if (this.#atomTime === notYet) this.#atomTime = this.#clock.now()
    return this.#atomTime
  }

  #change(): CommitGroup {
    this.#scheduler.schedule()
    return this.#scheduler.open
  }

  #onCommitted(group: CommitGroup, written: WrittenGroup): void {
    const { segment, runPositions } = written
    this.#segments.add(segment)
    segment.writtenSharedSize += group.shared?.size ?? 0
    for (const [index, { log, run }] of group.runs.entries()) {
      segment.writtenRunSize += run.size
      this.#extents.addRun(segment, log.id, indexedRun(run, runPositions[index]!))
      this.#tailCache.add(log, run)
    }
    for (const { log, offset, asideId } of group.asides) {
      segment.asides.push({ logId: log.id, offset, asideId })
      this.#asides.onCommitted(asideId)
    }
    for (const log of group.deltas.keys()) this.#onAcked(log)
    for (const log of group.trims.keys()) this.#onAcked(log)
    for (const log of group.deleted) {
      this.#extents.dropLog(log.id)
      this.#asides.onAcked(log)
    }
    this.#checkpointer.onCommitted(group, written)
    this.#scheduler.finish(group)
  }

  #onAcked(log: Log): void {
    this.#extents.dropBelow(log.id, log.cursor.floor)
    this.#asides.onAcked(log)
  }

  /** Brings what a run in memory lacks; false when the run itself must be read first. */
  #loadRest(log: Log, offset: number, done: () => void): boolean {
    const view = new RecordView()
    const isAbsent = log.read(offset, view) === 'absent'
    const { missingRun, missingAsideId } = log
    log.missingRun = undefined
    if (!isAbsent) done()
    else if (missingAsideId !== 0) void this.#loadAside(log, view.offset, done)
    else if (missingRun !== undefined) log.prepareMessages(missingRun, log.missingOffset, done)
    else return false
    return true
  }

  async #loadAside(log: Log, offset: number, done: (error?: Error) => void): Promise<void> {
    try {
      await this.#asides.load(log.missingAsideId)
    } catch (error) {
      // The record is a gap from now on; the reader goes on after it.
      this.#events.onDamaged?.(log, offset, offset, error as Error)
    }
    done()
  }

  #makeSpill(parts: FileLogStoreParts): VolatileSpill {
    return new VolatileSpill({
      disk: parts.folder.disk,
      clock: parts.clock,
      folder: parts.volatileFolder,
      memoryMax: parts.limits.volatileMemoryMax,
      fileSizeMax: parts.limits.walFileSizeMax,
      onDamaged: (log, first, last, error) => parts.events.onDamaged?.(log, first, last, error),
      onTrouble: (error) => this.#onTrouble(error),
    })
  }

  #makeDiskSpace(parts: FileLogStoreParts): DiskSpace {
    return new DiskSpace({
      disk: parts.folder.disk,
      clock: parts.clock,
      folder: parts.path,
      freeMin: parts.diskFreeMin,
      onBlocked: (reason) => {
        if (reason !== undefined) parts.folder.spares.giveUp()
        parts.events.onBlocked?.(reason)
      },
      onTrouble: (error) => this.#onTrouble(error),
    })
  }

  #makeAsideStore(parts: FileLogStoreParts): AsideStore {
    return new AsideStore({
      disk: parts.folder.disk,
      clock: parts.clock,
      folder: parts.asideFolder,
      nextId: parts.state.nextAsideId,
      whenDurable: (callback) => this.#scheduler.whenDurable(callback),
      onTrouble: (error) => this.#onTrouble(error),
    })
  }

  #makeHousekeeper(parts: FileLogStoreParts, indexCache: IndexCache): Housekeeper {
    return new Housekeeper({
      clock: parts.clock,
      folder: parts.folder,
      indexCache,
      cleaner: new Cleaner({
        clock: parts.clock,
        folder: parts.folder,
        extents: parts.extents,
        indexCache,
        logs: this.logs,
        fileSizeMax: parts.limits.walFileSizeMax,
        whenDurable: (callback) => this.#scheduler.whenDurable(callback),
      }),
      segments: this.#segments,
      whenDurable: (callback) => this.#scheduler.whenDurable(callback),
      onTrouble: (error) => this.#onTrouble(error),
      deleteStepSize: parts.limits.deleteStepSize,
    })
  }

  #makeWriter(parts: FileLogStoreParts): WalWriter {
    return new WalWriter({
      clock: parts.clock,
      isSynced: parts.folder.isWalSynced,
      leaderEpoch: this.epoch,
      segment: parts.segment,
      syncedThrough: parts.lastSequence,
      fileSizeMax: parts.limits.walFileSizeMax,
      createSegment: () => createSegment(parts.folder, fileKind.wal),
      onCommitted: (group, written) => this.#onCommitted(group, written),
      onFilling: (fillMs) => parts.folder.spares.prepare(fillMs),
      onFull: (segment) => this.#housekeeper.onFull(segment),
      onTrouble: (error) => this.#onTrouble(error),
      onFailed: (error) => parts.events.onFailed?.(error),
    })
  }

  #nextIds(): NextIds {
    return {
      nextLogId: this.#nextLogId,
      nextTopologySequence: this.#nextTopologySequence,
      nextAsideId: this.#asides.nextId,
    }
  }

  #wantGroup(): void {
    this.#scheduler.open.isWanted = true
    this.#scheduler.schedule()
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.whenIdle(resolve)
    })
  }

  /** A checkpoint is in the WAL; files before it are free to go once the manifest says where it is. */
  #onCheckpoint(place: CheckpointPlace): void {
    this.#lastCheckpoint = this.#listCheckpoint(place).catch((error: Error) => {
      this.#onTrouble(error)
    })
  }

  async #listCheckpoint(checkpoint: CheckpointPlace): Promise<void> {
    // With durability `os` the checkpoint itself may not be on stable storage yet.
    for (const segment of this.#segments) {
      if (segment.id >= checkpoint.fileId && segment.state === 'open') await syncFile(segment.file)
    }
    // From here on a gap that a repair left is behind the checkpoint.
    await this.#folder.manifest.update((content) => {
      const { isRepaired: _isRepaired, ...rest } = content
      return { ...rest, checkpoint }
    })
    this.#housekeeper.kick()
  }

  #onTrouble(error: Error): void {
    if (isOutOfSpace(error)) this.#diskSpace.onOutOfSpace()
    this.#events.onTrouble?.(error)
  }

  #pauseAfter(error: Error): Promise<void> {
    this.#onTrouble(error)
    return new Promise((resolve) => {
      this.#clock.after(logLimits.diskRetryMs, resolve)
    })
  }

  async #discard(segment: Segment): Promise<void> {
    await this.#folder.manifest.update((content) => ({
      ...content,
      files: content.files.filter(({ id }) => id !== segment.id),
    }))
    await segment.file.close()
    await this.#folder.disk.unlink(segment.path)
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
    // The parts live as long as the store; what was recovered lives on in the logs.
    state.logs.clear()
    for (const { asides } of this.#segments) {
      for (const reference of asides) {
        const log = this.logs.get(reference.logId)
        if (log?.cursor.isAcked(reference.offset) === false) this.#asides.addReference(reference)
      }
    }
  }
}
