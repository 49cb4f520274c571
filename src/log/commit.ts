// Everything that reaches stable storage together. A commit bundles atoms; an atom (a message and
// all logs it is routed to, a transaction, a dead-letter move) never spans two commits.
import type { CursorDelta } from './cursor-delta.ts'
import type { LogCursor } from './log-cursor.ts'
import type { Log } from './log.ts'
import type { Run } from './run.ts'
import { SharedBodies } from './shared-bodies.ts'

/** Told once when a commit that it takes interest in is durable. */
export interface CommitListener {
  onCommitFinished(commit: Commit): void
}

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

/**
 * Lifecycle: open (atoms are added) → sealed (handed to the engine, nothing changes any more)
 * → finished (durable, its listeners told). No store refuses a commit: it fails as a whole or not at all.
 */
export class Commit {
  readonly sequence: number
  readonly runs: { readonly log: Log; readonly run: Run }[] = []
  readonly deltas: Map<LogCursor, CursorDelta> = new Map()
  readonly created: Log[] = []
  readonly deleted: Log[] = []
  readonly createdCursors: LogCursor[] = []
  readonly deletedCursors: LogCursor[] = []
  readonly trims: Map<Log, number> = new Map()
  readonly topology: TopologyEntry[] = []
  /** Records whose body is in a file of its own. */
  readonly asides: { readonly log: Log; readonly offset: number; readonly asideId: number }[] = []
  /** Keyed state: the last value of a key counts, undefined deletes it. */
  readonly states: { readonly key: string; readonly value: Buffer | undefined }[] = []
  shared: SharedBodies | undefined
  /** Engines only: entries of their own that are written with this commit. */
  extra: EncodedEntries | undefined
  /** Engines only: committed even when nothing else is in it. */
  isWanted = false
  /** Bytes of records and bodies, for limits; what the engine writes is a little more. */
  size = 0
  state: 'open' | 'sealed' | 'finished' = 'open'
  readonly #listeners: CommitListener[] = []

  constructor(sequence: number) {
    this.sequence = sequence
  }

  get isEmpty(): boolean {
    return (
      !this.isWanted &&
      this.size === 0 &&
      this.deltas.size === 0 &&
      this.topology.length === 0 &&
      this.created.length === 0 &&
      this.deleted.length === 0 &&
      this.createdCursors.length === 0 &&
      this.deletedCursors.length === 0 &&
      this.trims.size === 0 &&
      this.states.length === 0
    )
  }

  /** Tells `listener` when the commit is finished. A listener that needs it once adds itself once. */
  addListener(listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  /** Engines only. */
  finish(): void {
    this.state = 'finished'
    for (const listener of this.#listeners) listener.onCommitFinished(this)
    this.#listeners.length = 0
  }

  /** Engines only: whoever keeps a finished commit must not keep its bytes. */
  release(): void {
    this.runs.length = 0
    this.asides.length = 0
    this.topology.length = 0
    this.states.length = 0
    this.deltas.clear()
    this.shared = undefined
    this.extra = undefined
  }

  /** Where bodies go that several logs share. */
  sharedBodies(): SharedBodies {
    this.shared ??= new SharedBodies()
    return this.shared
  }
}
