// What the entries of commits add up to. All of it only grows (acked sets, ends, trims), so entries
// may be applied twice, and a checkpoint that was taken while others wrote is as good as a frozen one.
import type { TopologyEntry } from '../commit.ts'
import { Cursor } from '../cursor.ts'
import type { CheckpointBegin, DecodedRun, LogSnapshot } from './commit-decoder.ts'
import type { KeyedState } from './keyed-state.ts'

/** A log as recovery knows it so far. */
export class RecoveredLog {
  readonly id: number
  readonly cursor: Cursor = new Cursor()
  startOffset = 0
  endOffset = 0
  deliveredMark = 0
  /** Whether its creation or its snapshot was seen: only then it exists. */
  isKnown = false

  constructor(id: number) {
    this.id = id
  }
}

/** Feed it the entries of all commits, in order, from the begin of a complete checkpoint. */
export class RecoveredState {
  readonly logs: Map<number, RecoveredLog> = new Map()
  readonly topology: TopologyEntry[] = []
  readonly keyed: KeyedState
  nextLogId = 1
  nextTopologySequence = 1
  nextAsideId = 1
  /** Whether a checkpoint was seen from its begin to its end. */
  isCheckpointComplete = false
  #checkpointId = 0
  readonly #keysSinceBegin = new Set<string>()
  readonly #topologyAfter: number
  readonly #deleted = new Set<number>()

  constructor(topologyAfter: number, keyed: KeyedState) {
    this.#topologyAfter = topologyAfter
    this.keyed = keyed
  }

  /** Whether the log exists, once everything was applied. */
  isLive(logId: number): boolean {
    return this.logs.get(logId)?.isKnown ?? false
  }

  /** A file has records of that log below `endOffset`, whether or not the log exists. */
  noteEnd(logId: number, endOffset: number): void {
    const log = this.#logAt(logId)
    if (log !== undefined) log.endOffset = Math.max(log.endOffset, endOffset)
  }

  /** After a repair: every log that anything is known of and that was not deleted exists. */
  trustAllLogs(): void {
    for (const log of this.logs.values()) {
      log.isKnown = true
      this.nextLogId = Math.max(this.nextLogId, log.id + 1)
    }
  }

  onRun(run: DecodedRun): void {
    const log = this.#logAt(run.logId)
    if (log !== undefined && run.lastOffset >= log.endOffset) log.endOffset = run.lastOffset + 1
  }

  onDelta(logId: number, deliveredMark: number, acked: readonly number[]): void {
    const log = this.#logAt(logId)
    if (log === undefined) return
    if (deliveredMark > log.deliveredMark) log.deliveredMark = deliveredMark
    for (let at = 0; at < acked.length; at += 2) ackIn(log, acked[at]!, acked[at + 1]!)
  }

  onSnapshot(logId: number, snapshot: LogSnapshot): void {
    const log = this.#logAt(logId)
    if (log === undefined) return
    log.isKnown = true
    log.cursor.forgetBelow(snapshot.floor)
    log.startOffset = Math.max(log.startOffset, snapshot.startOffset)
    log.endOffset = Math.max(log.endOffset, snapshot.endOffset)
    // The mark may have been lowered to what was really delivered (a clean close).
    log.deliveredMark = snapshot.deliveredMark
  }

  onAckedRange(logId: number, first: number, last: number): void {
    const log = this.#logAt(logId)
    if (log !== undefined) ackIn(log, first, last)
  }

  onTrim(logId: number, offset: number): void {
    const log = this.#logAt(logId)
    if (log === undefined) return
    log.startOffset = Math.max(log.startOffset, offset)
    log.cursor.forgetBelow(offset)
  }

  onCreated(logId: number): void {
    const log = this.#logAt(logId)
    if (log !== undefined) log.isKnown = true
    this.nextLogId = Math.max(this.nextLogId, logId + 1)
  }

  onDeleted(logId: number): void {
    this.logs.delete(logId)
    this.#deleted.add(logId)
  }

  onTopology(sequence: number, bytes: Buffer): void {
    this.nextTopologySequence = Math.max(this.nextTopologySequence, sequence + 1)
    const last = this.topology.at(-1)?.sequence ?? this.#topologyAfter
    if (sequence > last) this.topology.push({ sequence, bytes: Buffer.from(bytes) })
  }

  onState(key: string, value: Buffer | undefined): void {
    this.keyed.set(key, value)
    this.#keysSinceBegin.add(key)
  }

  onCheckpointBegin(begin: CheckpointBegin): void {
    this.#checkpointId = begin.id
    this.#keysSinceBegin.clear()
    this.nextLogId = Math.max(this.nextLogId, begin.nextLogId)
    this.nextTopologySequence = Math.max(this.nextTopologySequence, begin.nextTopologySequence)
    this.nextAsideId = Math.max(this.nextAsideId, begin.nextAsideId)
  }

  onCheckpointEnd(id: number): void {
    if (id !== this.#checkpointId) return
    this.isCheckpointComplete = true
    // A key that it does not name was forgotten in a file that may be gone.
    for (const [key] of this.keyed) {
      if (!this.#keysSinceBegin.has(key)) this.keyed.set(key, undefined)
    }
  }

  onAside(asideId: number): void {
    this.nextAsideId = Math.max(this.nextAsideId, asideId + 1)
  }

  /** Undefined for a deleted log: its id is never used again. */
  #logAt(logId: number): RecoveredLog | undefined {
    let log = this.logs.get(logId)
    if (log === undefined && !this.#deleted.has(logId)) {
      log = new RecoveredLog(logId)
      this.logs.set(logId, log)
    }
    return log
  }
}

/** Offsets are never used twice, so one that was acked is not free, also when its record is lost. */
function ackIn(log: RecoveredLog, first: number, last: number): void {
  log.cursor.ackRange(first, last)
  if (last >= log.endOffset) log.endOffset = last + 1
}
