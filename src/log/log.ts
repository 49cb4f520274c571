// One log: offsets, the recent runs that are in memory, and the cursors that say what is kept. Invariant: the
// runs in `tail` are ascending and contiguous in the sense that everything at or above the first
// one's base offset that still exists is in memory; older records come from the engine in windows.
import { logLimits } from '../limits/log.ts'
import { batchHeaderSize, isControlBatch } from '../record/batch/batch-header.ts'
import { inlineRecordSize, recordAsideId, recordSizeAt } from '../record/message/message-record.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { type Acking, countKept, isKept, keptFloor } from './kept-offsets.ts'
import type { AppendTarget, LogEngine } from './log-engine.ts'
import type { LogOrigin } from './log-origin.ts'
import type { LogProfile } from './log-profile.ts'
import type { Reading } from './reading.ts'
import { appendRecord, readRecord, recordOffsetAt } from './record.ts'
import { RunDeque } from './run-deque.ts'
import { Run } from './run.ts'
import { type LogWindow, Windows } from './windows.ts'

/** Whoever waits for records to become durable (fetches, stream consumers). */
export interface LogWatcher {
  onDurable(log: Log): void
}

export interface LogOptions {
  readonly id: number
  readonly isVolatile: boolean
  readonly engine: LogEngine<Log>
}

const noOffsets: ReadonlySet<number> = new Set()
const noAddress: Buffer = Buffer.alloc(0)

export class Log {
  readonly id: number
  readonly isVolatile: boolean
  /** Cursors add and remove themselves. Without one the log keeps what was not trimmed. */
  readonly cursors: Acking[] = []
  /** Next offset to be assigned. */
  endOffset = 0
  /** High watermark: everything below is durable. */
  durableEnd = 0
  /**
   * From here on there may be records that readers of messages must not see yet. Infinity: there are none. Set
   * by whoever knows.
   */
  unstableFrom: number = Infinity
  /** Whether what a run has is not for readers of messages; undefined: all is. Set by whoever knows. */
  hides: ((run: Run) => boolean) | undefined
  /** Nothing below exists. */
  startOffset = 0
  isDeleted = false
  /** Told when `durableEnd` rises. */
  watcher: LogWatcher | undefined
  /** Those who only look: told when there is more below `stableEnd`, of a volatile log within the append. */
  lookers: Set<LogWatcher> | undefined
  /** Where its records are; undefined: in its store. Set by whoever knows, before anybody reads. */
  origin: LogOrigin | undefined
  /** What its commits are built for; undefined: what the store says. Set by whoever names the log. */
  profile: LogProfile | undefined
  /** Address of records that came without one; whoever names the log sets it. */
  homeAddress: Buffer = noAddress
  /** Runs in memory, ascending; engines evict from the front, see `evictBefore`. */
  readonly tail: RunDeque = new RunDeque()

  readonly #engine: LogEngine<Log>
  /** Offsets whose body was gone when the store was opened. */
  #lost: Set<number> | undefined
  #openRun: Run | undefined
  #openRunCommit: AppendTarget<Log> | undefined
  #lastRunSize = 0
  /** Older runs that the engine loaded for readers. */
  readonly #windows = new Windows()
  /** Where the last read ended: the next record in order is found without a search. */
  #hintRun: Run | undefined
  /** Base offset of the messages in which the position is: a batch may be converted in parts. */
  #hintBase = 0
  #hintPosition = 0
  #hintOffset = -1

  constructor(options: LogOptions) {
    this.id = options.id
    this.isVolatile = options.isVolatile
    this.#engine = options.engine
  }

  /**
   * Appends one message and returns its offset. `sharedPosition` is where its body is in the
   * commit's shared bodies, or -1 for a body of its own. Within an atom.
   */
  append(source: RecordSource, sharedPosition: number): number {
    const offset = this.endOffset++
    const size = inlineRecordSize(source)
    const now = this.#engine.now()
    const run = this.#runFor(offset, size, now)
    const sizeBefore = run.size
    // A volatile log's runs outlive the commit, so they share nothing with it.
    source.sharedPosition = this.isVolatile ? -1 : sharedPosition
    if (source.sharedPosition >= 0) run.shared = this.#openRunCommit?.shared
    appendRecord(run, offset, now, source)
    if (source.asideId !== 0) this.#engine.onAsideAppended(this, offset, source.asideId)
    if (this.isVolatile) {
      if (this.lookers !== undefined) this.tellLookers()
      return offset
    }
    this.#openRunCommit?.grow(run.size - sizeBefore)
    return offset
  }

  /**
   * Appends a Kafka record batch as it came and returns its base offset, which is written into the
   * batch together with the leader epoch; the CRC covers neither. The bytes are the log's from now
   * on. The caller has checked the batch. Within an atom.
   */
  appendBatch(batch: Buffer): number {
    const commit = this.#engine.commitForAppend()
    if (this.#openRun !== undefined) this.closeOpenRun(this.#openRun)
    const run = Run.fromBatch(batch, this.endOffset, this.#engine.epoch)
    this.endOffset = run.lastOffset + 1
    this.tail.push(run)
    commit.addRun(this, run)
    commit.grow(run.size)
    this.#engine.onChanged()
    return run.baseOffset
  }

  addLooker(looker: LogWatcher): void {
    this.lookers ??= new Set()
    this.lookers.add(looker)
    this.origin?.onWanted()
  }

  removeLooker(looker: LogWatcher): void {
    this.lookers?.delete(looker)
    if (this.lookers?.size === 0) this.lookers = undefined
  }

  /** Engines only: what can be read has become more. */
  tellLookers(): void {
    for (const looker of this.lookers ?? []) looker.onDurable(this)
  }

  /** Whoever has its origin: it ends there by now. */
  endAt(offset: number): void {
    this.endOffset = offset
    this.durableEnd = offset
    this.watcher?.onDurable(this)
    this.tellLookers()
  }

  /** Whole runs below can be read: what is durable, or of a volatile log what is there. */
  get readableEnd(): number {
    return this.isVolatile ? this.endOffset : this.durableEnd
  }

  /** Runs below can be read and are for readers of messages. */
  get stableEnd(): number {
    return Math.min(this.readableEnd, this.unstableFrom)
  }

  /** Nothing below is kept: it was trimmed, or every cursor has acked it. */
  get floor(): number {
    const { cursors } = this
    if (cursors.length === 1) return cursors[0]!.acked.floor
    return cursors.length === 0 ? this.startOffset : keptFloor(cursors)
  }

  /** Whether the record at `offset` is kept, if there is one. */
  isKept(offset: number): boolean {
    const { cursors } = this
    return cursors.length === 0 ? offset >= this.startOffset : isKept(cursors, offset)
  }

  /** How many of first … last (inclusive) are kept, if every offset that was given out has a record. */
  keptIn(first: number, last: number): number {
    const { cursors } = this
    if (cursors.length > 0) return countKept(cursors, first, last)
    return Math.max(0, last - Math.max(first, this.startOffset) + 1)
  }

  /** How many records are kept, if every offset that was given out has one. */
  get keptCount(): number {
    return this.keptIn(this.floor, this.endOffset - 1)
  }

  /** Engines only, before anybody reads: the body of the record at `offset` is gone. */
  noteLost(offset: number): void {
    this.#lost ??= new Set()
    this.#lost.add(offset)
  }

  /** Offsets that were not acked when the store was opened, and whose body is gone. */
  get lost(): ReadonlySet<number> {
    return this.#lost ?? noOffsets
  }

  /** A cursor has acked something: runs of which nothing is kept leave the memory. */
  onAcked(): void {
    const { first } = this.tail
    if (first === undefined) return
    const { floor } = this
    if (first.lastOffset >= floor) return
    const dropped = this.evictBefore(floor)
    if (dropped.length > 0) this.#engine.onRunsDropped(this, dropped)
  }

  /**
   * Reads the first existing record at or after `offset`, of those that are stable, into `view`. When something is absent, call
   * `LogStore.load` with the answer and read again. When that is the body, `view` has all the rest.
   */
  read(offset: number, view: RecordView): Reading {
    if (offset === this.#hintOffset) {
      const result = this.#readHinted(offset, view)
      if (result !== undefined) return result
    }
    let at = offset
    while (at < this.endOffset) {
      const isCold = at < this.tailStart
      const window = isCold ? this.#windows.enter(at) : undefined
      // Nothing of a deleted log can be loaded any more: its reader would ask for ever.
      if (isCold && window === undefined)
        return this.isDeleted ? 'end' : { at: 'window', offset: at }
      const run = window === undefined ? this.tail.at(this.tail.find(at)) : window.find(at)
      if (run === undefined) {
        if (window === undefined) return 'end'
        // Nothing that exists lies between here and the end of the window.
        at = window.end
        continue
      }
      // As messages it would be kept, and be shown also when it turns out to be aborted.
      if (run.baseOffset >= this.unstableFrom) return 'end'
      at = Math.max(at, run.baseOffset)
      const messages = this.messagesOf(run, at)
      if (messages === undefined) return { at: 'conversion', offset: at, run }
      const position = findPosition(messages, at)
      if (position >= 0) return this.#readAt(run, messages, position, view)
      at = messages.lastOffset + 1
    }
    return 'end'
  }

  /** Whether a run may have something for readers of messages: it is no marker, and was not aborted. */
  shows(run: Run): boolean {
    if (!run.isForeign) return true
    return !isControlBatch(run.bytes()) && this.hides?.(run) !== true
  }

  /**
   * The run as messages: itself, or what the converter makes of a batch, maybe without records, and
   * maybe only a part that stands for `offset`. Undefined when `prepareMessages` must be called first.
   */
  messagesOf(run: Run, offset: number): Run | undefined {
    if (!run.isForeign) return run
    const { crossed } = run
    if (crossed !== undefined && standsFor(crossed, offset)) return crossed
    const { converter } = this.#engine
    return converter === undefined ? emptyLike(run) : converter.toMessages(this, run, offset)
  }

  /** Calls back once `messagesOf`, which was asked before, may be asked again. */
  prepareMessages(run: Run, offset: number, done: () => void): void {
    if (this.#engine.converter === undefined) done()
    else this.#engine.converter.prepare(this, run, offset, done)
  }

  /**
   * Fills `view` from the record at `position` of a run of messages, and returns the position of the
   * next record, or -1 when its large body is not in memory: `LogStore.load` brings it.
   */
  readFrom(messages: Run, position: number, view: RecordView): number {
    return readRecord(messages, position, view, this.#engine.asideBodies)
  }

  /** Engines only: the commit of `run` was sealed; nothing may be added to the run any more. */
  closeOpenRun(run: Run): void {
    if (this.#openRun !== run) return
    // Falls slowly: after a small run a large one may follow.
    this.#lastRunSize = Math.max(run.size, this.#lastRunSize * 0.75) >>> 0
    this.#openRun = undefined
    this.#openRunCommit = undefined
  }

  /** Engines only: forgets runs in memory whose records all lie below `offset`. */
  evictBefore(offset: number): Run[] {
    let count = 0
    for (let run = this.tail.first; run !== undefined; run = this.tail.at(count)) {
      if (run.lastOffset >= offset || run === this.#openRun) break
      count++
    }
    if (count === 0) return []
    this.#forgetHint()
    return this.tail.takeFirst(count)
  }

  /** Engines only, of a log that is in memory as a whole: puts `runs` in the place of all that end below `end`. */
  replaceBefore(end: number, runs: readonly Run[]): void {
    this.#forgetHint()
    this.tail.replaceFirst(this.tail.find(end), runs)
  }

  /** Engines only, when the log is deleted: forgets all runs in `tail` and returns them. */
  forgetTail(): Run[] {
    this.#forgetHint()
    this.#openRun = undefined
    this.#openRunCommit = undefined
    return this.tail.takeFirst(this.tail.length)
  }

  /** Engines only: what was loaded for readers. Returns the window that had to give way. */
  addWindow(window: LogWindow): LogWindow | undefined {
    this.#forgetHint()
    return this.#windows.add(window)
  }

  /** Engines only: forgets one window. */
  dropWindow(window: LogWindow): void {
    this.#forgetHint()
    this.#windows.drop(window)
  }

  /** Engines only: forgets all windows and returns them. */
  dropWindows(): LogWindow[] {
    this.#forgetHint()
    return this.#windows.clear()
  }

  /** The window that was read last. */
  get window(): LogWindow | undefined {
    return this.#windows.used
  }

  /** Whether a window tells what is at `offset`. */
  hasWindowAt(offset: number): boolean {
    return this.#windows.has(offset)
  }

  /** Index in `tail` of the first run that ends at or after `offset`. */
  findInTail(offset: number): number {
    return this.tail.find(offset)
  }

  /** First offset from which on everything is in `tail`. */
  get tailStart(): number {
    const { first } = this.tail
    return first === undefined ? this.endOffset : first.baseOffset
  }

  /** Undefined when the record is not where the last read ended. */
  #readHinted(offset: number, view: RecordView): Reading | undefined {
    const run = this.#hintRun
    if (run === undefined || offset > run.lastOffset) return undefined
    const messages = this.messagesOf(run, offset)
    const position = this.#hintPosition
    const isSame = messages !== undefined && messages.baseOffset === this.#hintBase
    if (!isSame || position >= messages.size) return undefined
    return this.#readAt(run, messages, position, view)
  }

  #forgetHint(): void {
    this.#hintRun = undefined
    this.#hintOffset = -1
  }

  #runFor(offset: number, size: number, now: number): Run {
    if (this.isVolatile) return this.#volatileRunFor(offset, size, now)
    const commit = this.#engine.commitForAppend()
    const open = this.#openRun
    if (open !== undefined && this.#openRunCommit === commit && open.hasRoom(size)) return open
    const run = this.#openNewRun(offset, size, now)
    this.#openRunCommit = commit
    commit.addRun(this, run)
    commit.grow(batchHeaderSize)
    this.#engine.onChanged()
    return run
  }

  #volatileRunFor(offset: number, size: number, now: number): Run {
    const open = this.#openRun
    if (open !== undefined && open.size + size <= logLimits.volatileRunSizeMax) return open
    const run = this.#openNewRun(offset, size, now)
    this.#engine.onVolatileRun(this, run)
    return run
  }

  #openNewRun(offset: number, size: number, now: number): Run {
    // The last run's size is the best guess for the next one's: no copying while it grows.
    const run = new Run(offset, now, Math.max(batchHeaderSize + size, this.#lastRunSize))
    if (this.#openRun !== undefined) this.closeOpenRun(this.#openRun)
    this.#openRun = run
    this.tail.push(run)
    return run
  }

  // oxlint-disable-next-line max-params -- called per message: an options object would be an allocation
  #readAt(run: Run, messages: Run, position: number, view: RecordView): Reading {
    const next = this.readFrom(messages, position, view)
    if (next < 0) return this.#readWithoutBody(messages, position, view)
    this.#hintRun = run
    this.#hintBase = messages.baseOffset
    this.#hintPosition = next
    this.#hintOffset = view.offset + 1
    return 'record'
  }

  #readWithoutBody(run: Run, position: number, view: RecordView): Reading {
    const { offset } = view
    const asideId = recordAsideId(run.buffer, position)
    if (this.#engine.isAsideLost(asideId)) return this.read(offset + 1, view)
    return { at: 'body', offset, asideId }
  }
}

/** Position of the first record at or after `offset`, or -1. */
function findPosition(messages: Run, offset: number): number {
  let position = batchHeaderSize
  while (position < messages.size && recordOffsetAt(messages, position) < offset) {
    position += recordSizeAt(messages.buffer, position)
  }
  return position < messages.size ? position : -1
}

function emptyLike(run: Run): Run {
  const empty = new Run(run.baseOffset, run.baseTimestamp, 0)
  empty.lastOffset = run.lastOffset
  return empty
}

/** Whether what a batch was converted to is still kept, and has the record at `offset` if there is one. */
function standsFor({ size, baseOffset, lastOffset }: Run, offset: number): boolean {
  return size > 0 && baseOffset <= offset && offset <= lastOffset
}
