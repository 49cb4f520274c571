// The embedded engine: one WAL for all logs on the machine's own disk. The front of it: what the
// broker may ask, and which part answers.
import type { CommitScheduler } from '../commit-scheduler.ts'
import type { Commit, StateEntry } from '../commit.ts'
import { cursorsOf, type LogCursor, removeCursor } from '../log-cursor.ts'
import type { LogRewriting } from '../log-rewriting.ts'
import type { BlockedReason, CreateLogOptions, LogStore, TopologySource } from '../log-store.ts'
import type { Log } from '../log.ts'
import type { Absence } from '../reading.ts'
import type { Run } from '../run.ts'
import type { FileStats, StoreStats } from '../store-stats.ts'
import type { Ticket } from '../ticket.ts'
import type { FileEngine } from './file-engine.ts'
import { FileLogStoreParts } from './file-log-store-parts.ts'
import type { OpenedFolder } from './file-log-store-parts.ts'
import { fileStatsOf } from './file-stats.ts'
import { livingSize, sizeIn } from './living-size.ts'
import { Rewriting } from './rewriting.ts'
import type { RetentionRule } from './run-finder.ts'
import type { AsideReference, Segment } from './segment.ts'
import type { Snapshot } from './snapshot.ts'
import { timestampAt } from './timestamp-at.ts'

export class FileLogStore implements LogStore {
  readonly epoch: number
  readonly restoredEpoch: number
  readonly copyId: string
  readonly #parts: FileLogStoreParts
  readonly #engine: FileEngine
  readonly #scheduler: CommitScheduler
  #isAbandoned = false

  constructor(opened: OpenedFolder) {
    const parts = new FileLogStoreParts(opened)
    this.epoch = parts.engine.epoch
    const { restoredEpoch = 0, copyId } = opened.folder.manifest.content
    this.restoredEpoch = restoredEpoch
    // Those that were restored before there was one.
    this.copyId = copyId ?? String(restoredEpoch)
    this.#parts = parts
    this.#engine = parts.engine
    this.#scheduler = parts.scheduler
    parts.registry.restore(opened.state, parts.engine)
    this.#restoreAsides()
    const { folder, housekeeper, trouble, extents } = parts
    folder.manifest.onWriteFailed = (error) => trouble.reportAndWait(error)
    extents.onSegmentEmpty = () => housekeeper.kick()
    for (const segment of opened.segments) {
      if (segment.state === 'open') housekeeper.onFull(segment)
    }
    housekeeper.kick()
  }

  /** Durable logs by id. */
  get logs(): ReadonlyMap<number, Log> {
    return this.#parts.registry.byId
  }

  /** Last step of opening; see `AsideStore.compareWithFolder`. */
  async compareBodies(): Promise<readonly AsideReference[]> {
    const gone = await this.#parts.asides.compareWithFolder()
    for (const { logId, offset } of gone) this.logs.get(logId)?.noteLost(offset)
    return gone
  }

  get blocked(): BlockedReason | undefined {
    return this.#parts.diskSpace.blocked
  }

  get stats(): StoreStats {
    return this.#scheduler.stats
  }

  get fileStats(): FileStats {
    return fileStatsOf(this.#parts)
  }

  get uncommittedSize(): number {
    return this.#scheduler.uncommittedSize
  }

  beginAtom(): void {
    this.#scheduler.beginAtom()
    this.#engine.onAtomBegun()
  }

  endAtom(): Ticket | undefined {
    this.#engine.onAtomEnded()
    return this.#scheduler.endAtom()
  }

  createLog({ isVolatile }: CreateLogOptions): Log {
    const log = this.#parts.registry.create(isVolatile, this.#engine)
    if (!isVolatile) this.#change().addCreated(log)
    return log
  }

  createCursor(log: Log, firstOffset: number = log.startOffset): LogCursor {
    const cursor = this.#parts.registry.createCursor(log, firstOffset, this.#engine)
    if (!log.isVolatile) this.#change().addCreatedCursor(cursor)
    return cursor
  }

  deleteCursor(cursor: LogCursor): void {
    removeCursor(cursor)
    if (!cursor.log.isVolatile) this.#change().addDeletedCursor(cursor)
  }

  deleteLog(log: Log): void {
    const { spill, asides, coldReader, runReader, registry } = this.#parts
    log.isDeleted = true
    this.#engine.onRunsDropped(log, log.forgetTail())
    if (log.isVolatile) {
      spill.forget(log)
      asides.onAcked(log)
      return
    }
    coldReader.forget(log)
    runReader.forget(log)
    registry.delete(log)
    this.#change().addDeleted(log)
  }

  trim(log: Log, offset: number): void {
    log.startOffset = Math.max(log.startOffset, offset)
    for (const cursor of cursorsOf(log)) cursor.forgetBelow(offset)
    this.#engine.onRunsDropped(log, log.evictBefore(offset))
    if (!log.isVolatile) this.#change().addTrim(log, offset)
  }

  putTopology(bytes: Buffer): number {
    const sequence = this.#parts.registry.takeTopologySequence()
    this.#change().addTopology({ sequence, bytes })
    this.#parts.topology.add(sequence, bytes)
    return sequence
  }

  shareBody(body: Buffer, start: number, end: number): number {
    return this.#change().shareBody(body, start, end)
  }

  putState(key: string, value: Buffer | undefined, log?: Log): boolean {
    if (!this.#parts.keyed.put(key, value)) return false
    this.#change().addState(key, value, log)
    return true
  }

  get stateUse(): number {
    return this.#parts.keyed.use
  }

  putStates(entries: readonly StateEntry[]): boolean {
    if (!this.#parts.keyed.hasRoomFor(entries)) return false
    for (const { key, value } of entries) {
      this.#parts.keyed.set(key, value)
      this.#change().addState(key, value)
    }
    return true
  }

  setTopologySource(source: TopologySource): void {
    this.#parts.topology.setSource(source)
  }

  load(log: Log, absence: Absence, done: (error?: Error) => void): void {
    this.#parts.loader.load(log, absence, done)
  }

  readRuns(
    log: Log,
    offset: number,
    sizeMax: number,
    isStrict = false,
  ): readonly Run[] | Promise<readonly Run[]> {
    if (log.origin !== undefined) return log.origin.readRuns(offset, sizeMax, isStrict)
    const { spill, runReader } = this.#parts
    const asked = { log, offset, sizeMax, isStrict }
    return log.isVolatile ? spill.readRuns(asked) : runReader.read(asked)
  }

  findRunByTimestamp(log: Log, timestamp: number, offset = 0): Promise<Run | undefined> {
    if (log.origin !== undefined) return log.origin.findRunByTimestamp(timestamp, offset)
    const { spill, runFinder } = this.#parts
    return (log.isVolatile ? spill : runFinder).findByTimestamp(log, timestamp, offset)
  }

  maxTimestamp(log: Log): Promise<number | undefined> {
    return this.#parts.runFinder.maxTimestamp(log)
  }

  retentionOffset(log: Log, keep: RetentionRule): Promise<number> {
    return this.#parts.runFinder.retentionOffset(log, keep)
  }

  openRewriting(): LogRewriting {
    return new Rewriting(this.#parts.rewritingOptions)
  }

  sizeIn(log: Log, first: number, end: number): number {
    return sizeIn(this.#parts.extents, log, { first, end })
  }

  timestampAt(log: Log, offset: number): number | undefined {
    return timestampAt(this.#parts.extents, log, offset)
  }

  sizeOf(log: Log): number {
    return log.origin?.size ?? livingSize(this.#parts.extents, log)
  }

  writeAside(body: Buffer, done: (asideId: number) => void): void {
    this.#parts.asides.write(body, done)
  }

  readAsideStart(asideId: number, sizeMax: number): Promise<Buffer | undefined> {
    return this.#parts.asides.readStart(asideId, sizeMax)
  }

  dropAside(asideId: number): void {
    this.#parts.asides.drop(asideId)
  }

  /** A copy of the store can be made of it while the store goes on. See `Snapshots.open`. */
  openSnapshot(): Promise<Snapshot> {
    return this.#parts.snapshots.open()
  }

  /**
   * Somebody else has the data: nothing is written or read again, nobody is called back, no timer runs. What is on
   * its way ends by itself or never. `close` has nothing to do after it.
   */
  abandon(): void {
    if (this.#isAbandoned) return
    this.#isAbandoned = true
    this.#scheduler.abandon()
    this.#parts.abandon()
  }

  /** Makes everything durable, as long as it was not abandoned. */
  async close(): Promise<void> {
    if (this.#isAbandoned) return
    await this.#parts.snapshots.close()
    const { checkpointer, checkpoints, housekeeper, folder, writer, patience } = this.#parts
    await this.#whenIdle()
    await this.#parts.topology.close()
    // With everything that is known in one place, the next start replays next to nothing.
    checkpointer.beginLast(this.#scheduler.open.sequence)
    await this.#whenIdle()
    await checkpoints.whenDone()
    patience.end()
    await housekeeper.close()
    await folder.spares.close()
    await this.#parts.diskSpace.close()
    this.#parts.folderWatch?.close()
    await this.#parts.spill.close()
    const next = await writer.close()
    // A timer of somebody may still change something: the file is sealed where it ends now, and what comes
    // never counts.
    await this.#whenIdle(() => writer.stop())
    await housekeeper.seal(writer.segment)
    if (next !== undefined) await this.#discard(next)
    for (const segment of this.#parts.segments) await segment.file.close()
    this.#parts.trouble.close()
  }

  #change(): Commit {
    this.#scheduler.schedule()
    return this.#scheduler.atom
  }

  /** Resolves when everything is durable; `then` is called before anything else is written. */
  #whenIdle(then?: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.whenIdle(() => {
        then?.()
        resolve()
      })
    })
  }

  async #discard(segment: Segment): Promise<void> {
    const { manifest, disk } = this.#parts.folder
    await manifest.update((content) => ({
      ...content,
      files: content.files.filter(({ id }) => id !== segment.id),
    }))
    await segment.file.close()
    await disk.unlink(segment.path)
  }

  #restoreAsides(): void {
    const { segments, asides } = this.#parts
    for (const segment of segments) {
      for (const reference of segment.asides) {
        const log = this.logs.get(reference.logId)
        if (log?.isKept(reference.offset) === true) asides.addReference(reference)
      }
    }
  }
}
