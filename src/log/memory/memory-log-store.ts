// The engine without a disk, for tests and simulation. From a seed it answers late, so that a broker
// which passes on it finds no surprise on a slow disk.
import type { Clock } from '../../lib/clock.ts'
import { pagePool } from '../../lib/page-pool.ts'
import type { Random } from '../../lib/random.ts'
import type { Turn } from '../../lib/turn.ts'
import { AckedOffsets } from '../acked-offsets.ts'
import { CommitScheduler } from '../commit-scheduler.ts'
import type { Commit, StateEntry, TopologyEntry } from '../commit.ts'
import { type CursorEngine, cursorsOf, LogCursor, removeCursor } from '../log-cursor.ts'
import type { LogEngine } from '../log-engine.ts'
import type { LogProfile } from '../log-profile.ts'
import type { LogRewriting } from '../log-rewriting.ts'
import type { CreateLogOptions, LogStore } from '../log-store.ts'
import { Log } from '../log.ts'
import { readOriginWindow } from '../origin-window.ts'
import type { Absence } from '../reading.ts'
import type { RunConverter } from '../run-converter.ts'
import type { Run } from '../run.ts'
import type { StoreStats } from '../store-stats.ts'
import type { Ticket } from '../ticket.ts'
import { MemoryRewriting } from './memory-rewriting.ts'

/** How late the engine answers. Without it every commit finishes in the turn it was sealed in. */
export interface MemoryChaos {
  readonly random: Random
  /** A commit takes 0 … this many milliseconds, and finishes when those before it have. */
  readonly delayMsMax: number
}

export interface MemoryLogStoreOptions {
  readonly clock: Clock
  readonly turn: Turn
  readonly chaos?: MemoryChaos
  /** Of logs that have none of their own; `latency` by default. */
  readonly profile?: LogProfile
  readonly converter?: RunConverter | undefined
  readonly onTopologyDurable?: (entry: TopologyEntry) => void
}

/** A commit that is being written, as far as anybody can tell. */
interface PendingCommit {
  readonly commit: Commit
  isWritten: boolean
}

const commitsInFlightMax = 8

export class MemoryLogStore implements LogStore, LogEngine<Log>, CursorEngine {
  readonly epoch = 1
  readonly restoredEpoch = 0
  readonly copyId = '0'
  readonly blocked = undefined
  readonly fileStats = undefined
  readonly asideBodies: Map<number, Buffer> = new Map()
  readonly converter: RunConverter | undefined
  readonly #clock: Clock
  readonly #chaos: MemoryChaos | undefined
  readonly #scheduler: CommitScheduler
  /** In order of sequence. */
  readonly #pending: PendingCommit[] = []
  #lastLogId = 0
  #lastCursorId = 0
  #lastTopologySequence = 0
  #lastAsideId = 0
  /** Those that records have. */
  readonly #usedAsides = new Set<number>()

  constructor(options: MemoryLogStoreOptions) {
    this.converter = options.converter
    this.#clock = options.clock
    this.#chaos = options.chaos
    this.#scheduler = new CommitScheduler({
      clock: options.clock,
      turn: options.turn,
      profile: options.profile ?? 'latency',
      write: (commit) => this.#write(commit),
      commitsInFlightMax,
      firstSequence: 1,
      onTopologyDurable: options.onTopologyDurable,
    })
  }

  get stats(): StoreStats {
    return this.#scheduler.stats
  }

  get uncommittedSize(): number {
    return this.#scheduler.uncommittedSize
  }

  beginAtom(): void {
    this.#scheduler.beginAtom()
  }

  endAtom(): Ticket | undefined {
    return this.#scheduler.endAtom()
  }

  createLog(options: CreateLogOptions): Log {
    const log = new Log({ id: ++this.#lastLogId, isVolatile: options.isVolatile, engine: this })
    if (!options.isVolatile) this.#change().addCreated(log)
    return log
  }

  createCursor(log: Log, firstOffset: number = log.startOffset): LogCursor {
    const acked = new AckedOffsets()
    acked.forgetBelow(firstOffset)
    const cursor = new LogCursor(++this.#lastCursorId, log, acked, this)
    if (!log.isVolatile) this.#change().addCreatedCursor(cursor)
    return cursor
  }

  deleteCursor(cursor: LogCursor): void {
    removeCursor(cursor)
    if (!cursor.log.isVolatile) this.#change().addDeletedCursor(cursor)
  }

  deleteLog(log: Log): void {
    log.isDeleted = true
    log.forgetTail()
    if (!log.isVolatile) this.#change().addDeleted(log)
  }

  trim(log: Log, offset: number): void {
    log.startOffset = Math.max(log.startOffset, offset)
    for (const cursor of cursorsOf(log)) cursor.forgetBelow(offset)
    log.evictBefore(offset)
    if (!log.isVolatile) this.#change().addTrim(log, offset)
  }

  putTopology(bytes: Buffer): number {
    const sequence = ++this.#lastTopologySequence
    this.#change().addTopology({ sequence, bytes })
    return sequence
  }

  shareBody(body: Buffer, start: number, end: number): number {
    return this.#change().shareBody(body, start, end)
  }

  putState(key: string, value: Buffer | undefined, log?: Log): boolean {
    this.#change().addState(key, value, log)
    return true
  }

  get stateUse(): number {
    return 0
  }

  putStates(entries: readonly StateEntry[]): boolean {
    for (const { key, value } of entries) this.putState(key, value)
    return true
  }

  setTopologySource(): void {}

  readRuns(
    log: Log,
    offset: number,
    sizeMax: number,
    isStrict = false,
  ): readonly Run[] | Promise<readonly Run[]> {
    if (log.origin !== undefined) return log.origin.readRuns(offset, sizeMax, isStrict)
    const runs: Run[] = []
    let size = 0
    for (const run of log.tail.slice(log.findInTail(offset), log.tail.length)) {
      if (run.lastOffset >= log.readableEnd) break
      size += run.size
      if (size > sizeMax && (isStrict || runs.length > 0)) break
      run.retain()
      runs.push(run)
    }
    return runs
  }

  findRunByTimestamp(log: Log, timestamp: number, offset = 0): Promise<Run | undefined> {
    if (log.origin !== undefined) return log.origin.findRunByTimestamp(timestamp, offset)
    const isLateEnough = (run: Run): boolean =>
      run.lastOffset >= offset && run.maxTimestamp >= timestamp && isLiving(log, run)
    const run = [...log.tail].find(isLateEnough)
    run?.retain()
    return Promise.resolve(run)
  }

  maxTimestamp(log: Log): Promise<number | undefined> {
    let latest: number | undefined
    for (const run of log.tail) {
      if (isLiving(log, run)) latest = Math.max(latest ?? 0, run.maxTimestamp)
    }
    return Promise.resolve(latest)
  }

  retentionOffset(
    log: Log,
    { timestampMin, sizeMax }: { readonly timestampMin: number; readonly sizeMax: number },
  ): Promise<number> {
    let size = this.sizeOf(log)
    let offset = log.floor
    for (const run of log.tail.slice(0, log.tail.length - 1)) {
      if (run.maxTimestamp >= timestampMin && size <= sizeMax) break
      size -= run.size
      offset = run.lastOffset + 1
    }
    return Promise.resolve(offset)
  }

  openRewriting(): LogRewriting {
    return new MemoryRewriting((run) => run.seal(this.epoch, -1))
  }

  sizeIn(log: Log, first: number, end: number): number {
    let size = 0
    for (const run of log.tail) {
      if (run.baseOffset >= first && run.lastOffset < Math.min(end, log.durableEnd))
        size += run.size
    }
    return size
  }

  timestampAt(log: Log, offset: number): number | undefined {
    const run = log.tail.at(log.findInTail(Math.max(offset, log.floor)))
    // The base of a compacted batch may be the time when its tombstones go.
    return run && Math.min(run.baseTimestamp, run.maxTimestamp)
  }

  sizeOf(log: Log): number {
    return log.origin?.size ?? [...log.tail].reduce((size, run) => size + run.size, 0)
  }

  load(log: Log, absence: Absence, done: (error?: Error) => void): void {
    const { origin } = log
    // Everything is in memory, bodies of their own too: only the form can be another.
    if (absence.at === 'conversion') log.prepareMessages(absence.run, absence.offset, done)
    else if (absence.at === 'window' && origin !== undefined) {
      void loadOriginWindow(log, absence.offset, done)
    } else done(new Error(`The memory engine has no record at offset ${absence.offset} to load`))
  }

  writeAside(body: Buffer, done: (asideId: number) => void): void {
    const id = ++this.#lastAsideId
    this.asideBodies.set(id, body)
    pagePool.retain(body)
    this.#clock.after(0, () => done(id))
  }

  readAsideStart(asideId: number, sizeMax: number): Promise<Buffer | undefined> {
    const body = this.asideBodies.get(asideId)
    return Promise.resolve(body && Buffer.from(body.subarray(0, sizeMax)))
  }

  dropAside(asideId: number): void {
    if (this.#usedAsides.has(asideId)) return
    const body = this.asideBodies.get(asideId)
    this.asideBodies.delete(asideId)
    if (body !== undefined) pagePool.release(body)
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#scheduler.whenIdle(resolve))
  }

  commitForAppend(): Commit {
    return this.#scheduler.atom
  }

  commitForAck(): Commit {
    return this.#scheduler.open
  }

  onChanged(): void {
    this.#scheduler.schedule()
  }

  isAsideLost(): boolean {
    return false
  }

  onAsideAppended(_log: Log, _offset: number, asideId: number): void {
    this.#usedAsides.add(asideId)
  }

  onVolatileRun(): void {}

  onRunsDropped(): void {}

  now(): number {
    return this.#clock.now()
  }

  /** The commit of the open atom, which something is about to be added to. */
  #change(): Commit {
    this.#scheduler.schedule()
    return this.#scheduler.atom
  }

  #write(commit: Commit): void {
    for (const { run } of commit.runs) if (!run.isSealed) run.seal(this.epoch, -1)
    const chaos = this.#chaos
    if (chaos === undefined) {
      this.#clock.atEndOfTurn(() => this.#scheduler.finish(commit))
      return
    }
    const pending = { commit, isWritten: false }
    this.#pending.push(pending)
    this.#clock.after(chaos.random.below(chaos.delayMsMax + 1), () => {
      pending.isWritten = true
      this.#finishWritten()
    })
  }

  #finishWritten(): void {
    while (this.#pending[0]?.isWritten === true) {
      const { commit } = this.#pending.shift() as PendingCommit
      this.#scheduler.finish(commit)
    }
  }
}

async function loadOriginWindow(log: Log, offset: number, done: () => void): Promise<void> {
  const window = await readOriginWindow(log, offset)
  const replaced = window && log.addWindow(window)
  for (const run of replaced?.runs ?? []) run.release()
  done()
}

/** Whether a run is durable and holds something that is not acked. */
function isLiving(log: Log, run: Run): boolean {
  return run.lastOffset < log.readableEnd && log.keptIn(run.baseOffset, run.lastOffset) > 0
}
