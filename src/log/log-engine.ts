// What a log needs from its engine. The engine knows logs and what they commit to; here they are only
// `L`, so that a log can be understood without either.
import type { RunConverter } from './run-converter.ts'
import type { Run } from './run.ts'
import type { SharedBodies } from './shared-bodies.ts'

/** The open commit, as far as an append goes. */
export interface AppendTarget<L> {
  /** Bodies that several logs share, if there are any. */
  readonly shared: SharedBodies | undefined
  addRun(log: L, run: Run): void
  /** Records or bodies of so many bytes were added. */
  grow(size: number): void
}

export interface LogEngine<L> {
  /** Bodies from files of their own that are in memory, by id. */
  readonly asideBodies: ReadonlyMap<number, Buffer>
  /** Makes messages of batches; without one they are gaps to readers of messages. */
  readonly converter: RunConverter | undefined
  /** Leader epoch of what is appended now. */
  readonly epoch: number
  /** The commit that takes what is appended now; an atom must be open. */
  commitForAppend(): AppendTarget<L>
  /** Something changed in the open commit, which must be committed at the end of this turn. */
  onChanged(): void
  /** Whether that body can never be read again: its record counts as a gap. */
  isAsideLost(asideId: number): boolean
  /** The record at `offset` refers to a body of its own. */
  onAsideAppended(log: L, offset: number, asideId: number): void
  /** A volatile log opened another run: count its memory, spill if it is too much. */
  onVolatileRun(log: L, run: Run): void
  /** Runs left `tail` because everything in them was acked or trimmed. */
  onRunsDropped(log: L, runs: readonly Run[]): void
  now(): number
}
