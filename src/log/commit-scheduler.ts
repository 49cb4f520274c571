// Builds commit groups and hands them to an engine: one group a turn, a bounded number in flight,
// and while those are being written everything new gathers in the next ones.
//
// Invariant: half an atom never reaches the engine. Atoms do not nest, and none is open when a group
// is sealed at the end of a turn; one that is was left by something thrown inside it.
import { assert } from '../lib/assert.ts'
import { turnPhase } from '../lib/turn.ts'
import type { Turn, TurnTask } from '../lib/turn.ts'
import { logLimits } from '../limits/log.ts'
import { CommitGroup } from './commit-group.ts'

export interface CommitSchedulerOptions {
  readonly turn: Turn
  /** Writes a sealed group and calls `CommitScheduler.finish` when its fate is known. */
  readonly commit: (group: CommitGroup) => void
  readonly groupsInFlightMax: number
  /** Sequence of the first group. */
  readonly firstSequence: number
  /** Memory now holds exactly what groups up to this one contain, which is the time for snapshots. */
  readonly onSeal?: (group: CommitGroup) => void
}

interface Barrier {
  readonly sequence: number
  readonly callback: () => void
}

export class CommitScheduler implements TurnTask {
  #sealedSize = 0
  readonly #options: CommitSchedulerOptions
  #open: CommitGroup
  /** Full groups that wait for their turn to be written. */
  #waiting: CommitGroup[] = []
  /** Handed to the engine, in order of sequence. */
  #inFlight: CommitGroup[] = []
  #isScheduled = false
  #isInAtom = false
  #idleCallbacks: (() => void)[] = []
  /** Ascending by sequence. */
  readonly #barriers: Barrier[] = []
  #finishedThrough: number

  constructor(options: CommitSchedulerOptions) {
    this.#options = options
    this.#finishedThrough = options.firstSequence - 1
    this.#open = this.#newGroup(options.firstSequence)
  }

  /** Bytes appended and not yet durable. */
  get uncommittedSize(): number {
    return this.#sealedSize + this.#open.size
  }

  beginAtom(): CommitGroup {
    assert(!this.#isInAtom, 'an atom begins while another one is open')
    if (this.#open.size >= logLimits.groupSizeMax) this.#rotate()
    this.#isInAtom = true
    return this.#open
  }

  endAtom(): void {
    assert(this.#isInAtom, 'an atom ends that was not begun')
    this.#isInAtom = false
  }

  /** The group of the open atom. */
  get atom(): CommitGroup {
    assert(this.#isInAtom, 'what has to be within an atom is not')
    return this.#open
  }

  /** The group that takes what is acked now, within an atom or not. */
  get open(): CommitGroup {
    if (!this.#isInAtom && this.#open.size >= logLimits.groupSizeMax) this.#rotate()
    return this.#open
  }

  /** The open group has something to commit. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#options.turn.schedule(turnPhase.commit, this)
  }

  runTurn(): void {
    this.#isScheduled = false
    assert(!this.#isInAtom, 'an atom is still open at its commit: something was thrown inside it')
    while (this.#inFlight.length < this.#options.groupsInFlightMax) {
      const group = this.#nextToCommit()
      if (group === undefined) return
      this.#inFlight.push(group)
      this.#options.commit(group)
    }
  }

  /** The engine says that `group` is durable: in the order in which it got them. */
  finish(group: CommitGroup): void {
    assert(this.#inFlight[0] === group, `group ${group.sequence} finishes before an earlier one`)
    this.#inFlight.shift()
    this.#sealedSize -= group.size
    for (const [log, delta] of group.deltas) {
      if (delta.deliveredMark > log.durableDeliveredMark)
        log.durableDeliveredMark = delta.deliveredMark
    }
    group.finish()
    this.#retire(group)
    if (this.#waiting.length > 0 || !this.#open.isEmpty) this.schedule()
    else if (this.#inFlight.length === 0) this.#tellIdle()
  }

  /** Calls back when everything appended so far is durable. */
  whenIdle(callback: () => void): void {
    this.#idleCallbacks.push(callback)
    if (!this.#open.isEmpty) this.schedule()
    else if (this.#waiting.length === 0 && this.#inFlight.length === 0) this.#tellIdle()
  }

  /** Calls back when everything appended or acked so far is durable; at once when it is. */
  whenDurable(callback: () => void): void {
    const sequence = this.#open.isEmpty ? this.#open.sequence - 1 : this.#open.sequence
    if (this.#finishedThrough >= sequence) callback()
    else this.#barriers.push({ sequence, callback })
  }

  #retire(group: CommitGroup): void {
    this.#finishedThrough = group.sequence
    raiseHighWatermarks(group)
    let due = 0
    while ((this.#barriers[due]?.sequence ?? Infinity) <= group.sequence) due++
    for (const { callback } of this.#barriers.splice(0, due)) callback()
  }

  #tellIdle(): void {
    const callbacks = this.#idleCallbacks
    this.#idleCallbacks = []
    for (const callback of callbacks) callback()
  }

  #nextToCommit(): CommitGroup | undefined {
    if (this.#waiting.length > 0) return this.#waiting.shift()
    if (this.#open.isEmpty) return undefined
    this.#rotate()
    return this.#waiting.shift()
  }

  #rotate(): void {
    const group = this.#open
    group.state = 'sealed'
    for (const { log, run } of group.runs) log.closeOpenRun(run)
    this.#sealedSize += group.size
    this.#options.onSeal?.(group)
    this.#waiting.push(group)
    this.#open = this.#newGroup(group.sequence + 1)
  }

  #newGroup(sequence: number): CommitGroup {
    return new CommitGroup(sequence)
  }
}

/** The group is done with: whoever still holds it (a channel, say) must not hold its bytes. */
function raiseHighWatermarks(group: CommitGroup): void {
  for (const { log, run } of group.runs) {
    log.durableEnd = run.lastOffset + 1
    log.watcher?.onDurable(log)
  }
  group.release()
}
