// Counts the bytes of what waited in a log of a queue before there was a limit of bytes, to know how much
// that is. The limit acts on what has been counted so far: it drops messages while
// this goes on.
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Absence } from '../../log/reading.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { isLate } from '../is-late.ts'
import type { CountedLog, QueueBacklog } from './queue-backlog.ts'
import type { ReadySizes } from './ready-sizes.ts'

interface SizeCountOptions {
  readonly counted: CountedLog
  readonly store: LogStore
  readonly turn: Turn
  /** See `SizeCountsOptions`. */
  readonly rewoundAt: () => number
  /** Something more has been counted. */
  readonly onCounted: () => void
}

const sharedView = new RecordView()

class SizeCount implements TurnTask {
  readonly #options: SizeCountOptions
  readonly #sizes: ReadySizes
  #hasBegun = false
  #isScheduled = false
  #isLoading = false
  #isClosed = false

  /** Counts what comes from now on. */
  constructor(options: SizeCountOptions) {
    this.#options = options
    this.#sizes = options.counted.sizes
    this.#sizes.onUnread = () => {
      if (this.#hasBegun) this.#schedule()
    }
  }

  /** Counts what came before as well, from the end of this turn on. */
  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    if (!this.#sizes.isComplete) this.#schedule()
  }

  /** Nothing is counted any more. */
  close(): void {
    this.#isClosed = true
  }

  runTurn(): void {
    this.#isScheduled = false
    if (this.#isClosed) return
    const { turn, onCounted } = this.#options
    const sizes = this.#sizes
    for (let count = 1; count <= brokerLimits.dispatchPerTurnMax; count++) {
      // Either all is counted, or the disk brings the next one first.
      if (!this.#countNext()) return
      if (count % brokerLimits.dispatchBetweenLooks === 0 && isLate(turn)) break
    }
    onCounted()
    if (!sizes.isComplete) this.#schedule()
  }

  /** False when there is nothing to count in this turn any more. */
  #countNext(): boolean {
    const { counted, onCounted } = this.#options
    const sizes = this.#sizes
    const unread = sizes.firstUnread
    if (unread !== undefined) return this.#countUnread(unread)
    const { cursor } = counted
    const offset = cursor.acked.nextUnacked(sizes.countedTo)
    if (offset >= sizes.countsFrom) {
      sizes.skipTo(sizes.countsFrom)
      onCounted()
      return false
    }
    sizes.skipTo(offset)
    const reading = cursor.log.read(offset, sharedView)
    if (reading === 'record') {
      if (sharedView.offset === offset) this.#count(sharedView)
      else sizes.skipTo(Math.min(sharedView.offset, sizes.countsFrom))
      return true
    }
    if (reading === 'end') {
      sizes.skipTo(sizes.countsFrom)
      return true
    }
    this.#load(reading, () => sizes.skipTo(offset + 1))
    return false
  }

  /** A limit drops nothing that was replayed, and what was out at the rewind is behind what waits. */
  #count(view: RecordView): void {
    const isReplayed = view.timestamp <= this.#options.rewoundAt()
    if (!isReplayed || !this.#sizes.passReplayed(view)) this.#sizes.count(view)
  }

  /** One that came back before anybody knew its size. False when the disk brings it first. */
  #countUnread(offset: number): boolean {
    const sizes = this.#sizes
    const reading = this.#options.counted.cursor.log.read(offset, sharedView)
    if (reading === 'record' && sharedView.offset === offset) sizes.countUnread(sharedView)
    else if (typeof reading === 'string') sizes.forgetUnread(offset)
    else {
      this.#load(reading, () => sizes.forgetUnread(offset))
      return false
    }
    return true
  }

  #load(absence: Absence, passBy: () => void): void {
    const { counted, store, onCounted } = this.#options
    this.#isLoading = true
    store.load(counted.cursor.log, absence, (error) => {
      this.#isLoading = false
      // Whoever delivers it will say that it is damaged.
      if (error !== undefined) passBy()
      this.#schedule()
    })
    onCounted()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isLoading || this.#isClosed) return
    this.#isScheduled = true
    this.#options.turn.schedule(turnPhase.dispatch, this)
  }
}

export interface SizeCountsOptions {
  readonly backlog: QueueBacklog
  readonly store: LogStore
  readonly turn: Turn
  /** When the queue was rewound last, in milliseconds since the Unix epoch; 0 for never. */
  readonly rewoundAt: () => number
  /** Something more has been counted. */
  readonly onCounted: () => void
}

/** Has the bytes of a queue counted where a limit asks for it, and nowhere else. */
export class SizeCounts {
  readonly #options: SizeCountsOptions
  /** One for each log; undefined while nothing is counted. */
  #counts: readonly SizeCount[] | undefined

  constructor(options: SizeCountsOptions) {
    this.#options = options
  }

  /** Counts what comes from now on, or not. */
  setWanted(isWanted: boolean): void {
    const { backlog, ...rest } = this.#options
    if (!isWanted) {
      this.close()
      backlog.forgetSizes()
      this.#counts = undefined
    } else {
      this.#counts ??= backlog.countSizes().map((counted) => new SizeCount({ counted, ...rest }))
    }
  }

  /** Counts what came before as well, from the end of this turn on. */
  begin(): void {
    for (const count of this.#counts ?? []) count.begin()
  }

  close(): void {
    for (const count of this.#counts ?? []) count.close()
  }
}
