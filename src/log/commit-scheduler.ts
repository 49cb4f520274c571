// Builds commits and hands them to an engine: one commit a turn, a bounded number in flight,
// and while those are being written everything new gathers in the next ones. With the profile `throughput` it
// does so for a while longer, see `Gathering`.
//
// Invariant: half an atom never reaches the engine. Atoms do not nest, and none is open when a commit
// is sealed at the end of a turn; one that is was left by something thrown inside it.
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import { turnPhase } from '../lib/turn.ts'
import type { Turn, TurnTask } from '../lib/turn.ts'
import { logLimits } from '../limits/log.ts'
import { Commit, type TopologyEntry } from './commit.ts'
import { Gathering } from './gathering.ts'
import type { LogProfile } from './log-profile.ts'
import { StoreStats } from './store-stats.ts'
import type { Ticket } from './ticket.ts'

export interface CommitSchedulerOptions {
  readonly clock: Clock
  readonly turn: Turn
  /** Of logs that have none of their own. */
  readonly profile: LogProfile
  /** Writes a sealed commit and calls `CommitScheduler.finish` when its fate is known. */
  readonly write: (commit: Commit) => void
  readonly commitsInFlightMax: number
  /** Sequence of the first commit. */
  readonly firstSequence: number
  /** Memory now holds exactly what commits up to this one contain, which is the time for snapshots. */
  readonly onSeal?: (commit: Commit) => void
  /** A topology entry is durable; told in order, and before any ticket of its commit. */
  readonly onTopologyDurable?: ((entry: TopologyEntry) => void) | undefined
}

interface Barrier {
  readonly sequence: number
  readonly callback: () => void
}

export class CommitScheduler implements TurnTask {
  readonly stats: StoreStats = new StoreStats()
  #sealedSize = 0
  readonly #options: CommitSchedulerOptions
  readonly #gathering: Gathering
  #open: Commit
  /** Full commits that wait for their turn to be written. */
  #waiting: Commit[] = []
  /** Handed to the engine, in order of sequence. */
  #inFlight: Commit[] = []
  #isScheduled = false
  #isInAtom = false
  /** Changes in the open commit that the open atom has found there. */
  #changesBefore = 0
  #idleCallbacks: (() => void)[] = []
  /** Ascending by sequence. */
  readonly #barriers: Barrier[] = []
  #finishedThrough: number

  constructor(options: CommitSchedulerOptions) {
    this.#options = options
    this.#finishedThrough = options.firstSequence - 1
    this.#open = new Commit(options.firstSequence, options.profile)
    this.#gathering = new Gathering(options.clock, () => this.schedule())
  }

  /** Bytes appended and not yet durable. */
  get uncommittedSize(): number {
    return this.#sealedSize + this.#open.size
  }

  beginAtom(): void {
    assert(!this.#isInAtom, 'an atom begins while another one is open')
    if (this.#open.size >= logLimits.commitSizeMax) this.#rotate()
    this.#isInAtom = true
    this.#changesBefore = this.#open.changeCount
  }

  /** The ticket of the atom; undefined when it has changed nothing that lasts. */
  endAtom(): Ticket | undefined {
    assert(this.#isInAtom, 'an atom ends that was not begun')
    this.#isInAtom = false
    // A look at the end of this turn whether all that was waited for is there.
    if (this.#gathering.isOpen) this.schedule()
    return this.#open.changeCount === this.#changesBefore ? undefined : this.#open
  }

  /** The commit of the open atom. */
  get atom(): Commit {
    assert(this.#isInAtom, 'what has to be within an atom is not')
    return this.#open
  }

  /** The commit that takes what is acked now, within an atom or not. */
  get open(): Commit {
    if (!this.#isInAtom && this.#open.size >= logLimits.commitSizeMax) this.#rotate()
    return this.#open
  }

  /** The open commit has something to commit. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#options.turn.schedule(turnPhase.commit, this)
  }

  runTurn(): void {
    this.#isScheduled = false
    assert(!this.#isInAtom, 'an atom is still open at its commit: something was thrown inside it')
    while (this.#inFlight.length < this.#options.commitsInFlightMax) {
      const commit = this.#nextToCommit()
      if (commit === undefined) return
      this.#inFlight.push(commit)
      commit.writtenAt = this.#options.clock.monotonic()
      this.#options.write(commit)
    }
  }

  /** The engine says that `commit` is durable: in the order in which it got them. */
  finish(commit: Commit): void {
    assert(this.#inFlight[0] === commit, `commit ${commit.sequence} finishes before an earlier one`)
    this.#inFlight.shift()
    this.#finishedThrough = commit.sequence
    this.#sealedSize -= commit.size
    const tookMs = this.#options.clock.monotonic() - commit.writtenAt
    const isLast = this.#inFlight.length === 0 && this.#waiting.length === 0
    if (isLast && commit.isPatient) this.#gathering.begin(commit, tookMs, this.#open)
    this.stats.onCommitted(tookMs / 1000, commit.size)
    // All of memory says so before anybody hears of it.
    raiseMarks(commit)
    this.#tell(commit)
    if (this.#waiting.length > 0 || !this.#open.isEmpty) this.schedule()
    else if (this.#inFlight.length === 0) this.#tellIdle()
  }

  /** Calls back when everything appended so far is durable. */
  whenIdle(callback: () => void): void {
    this.#idleCallbacks.push(callback)
    this.#gathering.end()
    if (!this.#open.isEmpty) this.schedule()
    else if (this.#waiting.length === 0 && this.#inFlight.length === 0) this.#tellIdle()
  }

  /** Calls back when everything appended or acked so far is durable; at once when it is. */
  whenDurable(callback: () => void): void {
    const sequence = this.#open.isEmpty ? this.#open.sequence - 1 : this.#open.sequence
    if (this.#finishedThrough >= sequence) callback()
    else this.#barriers.push({ sequence, callback })
  }

  /** Nothing is written by itself any more. */
  abandon(): void {
    this.#gathering.end()
  }

  #tell(commit: Commit): void {
    for (const entry of commit.topology) this.#options.onTopologyDurable?.(entry)
    for (const { log } of commit.runs) {
      log.watcher?.onDurable(log)
      if (log.lookers !== undefined) log.tellLookers()
    }
    commit.finish()
    let due = 0
    while ((this.#barriers[due]?.sequence ?? Infinity) <= commit.sequence) due++
    for (const { callback } of this.#barriers.splice(0, due)) callback()
  }

  #tellIdle(): void {
    const callbacks = this.#idleCallbacks
    this.#idleCallbacks = []
    for (const callback of callbacks) callback()
  }

  #nextToCommit(): Commit | undefined {
    if (this.#waiting.length > 0) return this.#waiting.shift()
    if (this.#open.isEmpty || this.#gathering.holds(this.#open)) return undefined
    this.#rotate()
    return this.#waiting.shift()
  }

  #rotate(): void {
    const commit = this.#open
    commit.seal()
    for (const { log, run } of commit.runs) log.closeOpenRun(run)
    this.#sealedSize += commit.size
    this.#options.onSeal?.(commit)
    this.#waiting.push(commit)
    this.#gathering.end()
    this.#open = new Commit(commit.sequence + 1, this.#options.profile)
  }
}

function raiseMarks(commit: Commit): void {
  for (const [log, { deliveredMark }] of commit.deltas) {
    if (deliveredMark > log.durableDeliveredMark) log.durableDeliveredMark = deliveredMark
  }
  for (const { log, run } of commit.runs) log.durableEnd = run.lastOffset + 1
}
