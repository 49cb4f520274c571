// Everything that reaches stable storage together. A commit bundles atoms; an atom (a message and
// all logs it is routed to, a transaction, a dead-letter move) never spans two commits.
import { assert } from '../lib/assert.ts'
import { CursorDelta } from './cursor-delta.ts'
import type { LogCursor } from './log-cursor.ts'
import type { LogProfile } from './log-profile.ts'
import type { Log } from './log.ts'
import type { Run } from './run.ts'
import { SharedBodies } from './shared-bodies.ts'
import type { Ticket } from './ticket.ts'

/** A change of topology: bytes that the log keeps in order and never looks into. */
export interface TopologyEntry {
  readonly sequence: number
  readonly bytes: Buffer
}

/** Entries in an engine's own format, ready to be written. */
export interface EncodedEntries {
  readonly bytes: Buffer
  readonly count: number
}

/** Records of one log that were appended. */
export interface CommittedRun {
  readonly log: Log
  readonly run: Run
}

/** A record whose body is in a file of its own. */
export interface CommittedAside {
  readonly log: Log
  readonly offset: number
  readonly asideId: number
}

/** A value of the keyed state: the last one of a key counts, undefined deletes it. */
export interface StateEntry {
  readonly key: string
  readonly value: Buffer | undefined
}

/**
 * Lifecycle: open (atoms are added) → sealed (handed to the engine, nothing changes any more)
 * → durable (everybody is told). No store refuses a commit: it fails as a whole or not at all.
 */
export class Commit implements Ticket {
  readonly sequence: number
  /** When it was handed to the engine, in monotonic milliseconds. */
  writtenAt = 0
  /** Engines only: entries of their own that are written with this commit. */
  extra: EncodedEntries | undefined
  readonly #runs: CommittedRun[] = []
  readonly #deltas = new Map<LogCursor, CursorDelta>()
  readonly #created: Log[] = []
  readonly #deleted: Log[] = []
  readonly #createdCursors: LogCursor[] = []
  readonly #deletedCursors: LogCursor[] = []
  readonly #trims = new Map<Log, number>()
  readonly #topology: TopologyEntry[] = []
  readonly #asides: CommittedAside[] = []
  readonly #states: StateEntry[] = []
  readonly #callbacks: (() => void)[] = []
  #shared: SharedBodies | undefined
  #size = 0
  #changeCount = 0
  #isWanted = false
  #isUrgent = false
  readonly #profile: LogProfile
  #state: 'open' | 'sealed' | 'durable' = 'open'

  /** `profile` is that of logs without their own. */
  constructor(sequence: number, profile: LogProfile = 'latency') {
    this.sequence = sequence
    this.#profile = profile
  }

  get runs(): readonly CommittedRun[] {
    return this.#runs
  }

  get deltas(): ReadonlyMap<LogCursor, CursorDelta> {
    return this.#deltas
  }

  get created(): readonly Log[] {
    return this.#created
  }

  get deleted(): readonly Log[] {
    return this.#deleted
  }

  get createdCursors(): readonly LogCursor[] {
    return this.#createdCursors
  }

  get deletedCursors(): readonly LogCursor[] {
    return this.#deletedCursors
  }

  get trims(): ReadonlyMap<Log, number> {
    return this.#trims
  }

  get topology(): readonly TopologyEntry[] {
    return this.#topology
  }

  get asides(): readonly CommittedAside[] {
    return this.#asides
  }

  get states(): readonly StateEntry[] {
    return this.#states
  }

  /** Bodies that several logs share, if there are any. */
  get shared(): SharedBodies | undefined {
    return this.#shared
  }

  /** Bytes of records and bodies, for limits; what the engine writes is a little more. */
  get size(): number {
    return this.#size
  }

  /** Rises with everything that is added. */
  get changeCount(): number {
    return this.#changeCount
  }

  /** Whether there is nothing to commit. */
  get isEmpty(): boolean {
    return this.#changeCount === 0 && !this.#isWanted
  }

  /** Whether it has records, and nothing that is not of logs with the profile `throughput`: it may gather. */
  get isPatient(): boolean {
    return !this.#isUrgent && this.#size > 0
  }

  get isDurable(): boolean {
    return this.#state === 'durable'
  }

  whenDurable(callback: () => void): void {
    if (this.isDurable) callback()
    else this.#callbacks.push(callback)
  }

  addRun(log: Log, run: Run): void {
    this.#change()
    this.#hurryFor(log)
    this.#runs.push({ log, run })
  }

  /** Records or bodies of so many bytes were added. */
  grow(size: number): void {
    this.#change()
    this.#size += size
  }

  /** Where the change goes that a cursor is about to make. */
  deltaOf(cursor: LogCursor): CursorDelta {
    this.#change()
    this.#hurryFor(cursor.log)
    let delta = this.#deltas.get(cursor)
    if (delta === undefined) this.#deltas.set(cursor, (delta = new CursorDelta()))
    return delta
  }

  addCreated(log: Log): void {
    this.#hurry()
    this.#created.push(log)
  }

  addDeleted(log: Log): void {
    this.#hurry()
    this.#deleted.push(log)
  }

  addCreatedCursor(cursor: LogCursor): void {
    this.#hurry()
    this.#createdCursors.push(cursor)
  }

  addDeletedCursor(cursor: LogCursor): void {
    this.#hurry()
    this.#deletedCursors.push(cursor)
  }

  addTrim(log: Log, offset: number): void {
    this.#change()
    // Whoever asked for a lower one is told the higher one, which has to be kept.
    this.#trims.set(log, Math.max(offset, this.#trims.get(log) ?? 0))
  }

  addTopology(entry: TopologyEntry): void {
    this.#hurry()
    this.#topology.push(entry)
  }

  addAside(aside: CommittedAside): void {
    this.#change()
    this.#asides.push(aside)
  }

  /** `log` is whose append it goes with, if it does. */
  addState(key: string, value: Buffer | undefined, log?: Log): void {
    if (log === undefined) this.#isUrgent = true
    else this.#hurryFor(log)
    this.#states.push({ key, value })
    this.grow(key.length + (value?.length ?? 0))
  }

  /** Keeps a body for several records; returns what they refer to it by. */
  shareBody(body: Buffer, start: number, end: number): number {
    this.grow(end - start)
    this.#shared ??= new SharedBodies()
    return this.#shared.add(body, start, end)
  }

  /** Engines only: it is committed even when nothing is in it. */
  want(): void {
    assert(this.#state === 'open', 'a sealed commit takes nothing more')
    this.#isWanted = true
  }

  /** Engines only: nothing is added any more. */
  seal(): void {
    assert(this.#state === 'open', 'a commit is sealed once')
    this.#state = 'sealed'
  }

  /** Engines only: tells everybody, and gives the bytes up that those who keep the ticket would keep. */
  finish(): void {
    assert(this.#state === 'sealed', 'a commit is sealed before it is durable')
    this.#state = 'durable'
    this.#runs.length = 0
    this.#asides.length = 0
    this.#topology.length = 0
    this.#states.length = 0
    this.#deltas.clear()
    this.#shared = undefined
    this.extra = undefined
    for (const callback of this.#callbacks) callback()
    this.#callbacks.length = 0
  }

  #hurryFor({ profile = this.#profile }: Log): void {
    if (profile === 'latency') this.#isUrgent = true
  }

  #hurry(): void {
    this.#change()
    this.#isUrgent = true
  }

  #change(): void {
    assert(this.#state === 'open', 'a sealed commit takes nothing more')
    this.#changeCount++
  }
}
