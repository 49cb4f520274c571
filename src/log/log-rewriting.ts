// How the older part of a log is written anew with fewer records. Offsets stay what they were, so what goes
// leaves gaps. Invariant: a reader, and a start after a crash, sees all of the old part or all of the new one.
import type { Log } from './log.ts'
import type { Run } from './run.ts'

/** What becomes of a run. */
export type RewrittenRun =
  | { readonly kind: 'whole' }
  | { readonly kind: 'gone' }
  /** Of a Kafka batch: another one, which stands for the same offsets. */
  | { readonly kind: 'batch'; readonly bytes: Buffer }
  /** Of a run of messages: some of them. `deleteHorizon`, in seconds, is written into the run. */
  | {
      readonly kind: 'messages'
      readonly keep: (offset: number) => boolean
      readonly deleteHorizon?: number
    }

/** Says what becomes of runs, one answer for each; they are asked for in order. */
export interface RunRewriter {
  rewrite(runs: readonly Run[]): Promise<readonly RewrittenRun[]>
}

/** Lifecycle: logs are added one after the other → `commit`, or `discard` after an error. */
export interface LogRewriting {
  /**
   * Writes what is to be left of the durable runs of `log` below `end`, where a run begins or the log's durable
   * part ends. Until `commit` nobody sees it. Rejects when a run is damaged, or the disk has no room.
   */
  add(log: Log, end: number, rewriter: RunRewriter): Promise<void>
  /** Shows the durable runs of `log` in [first, end) that are kept, in order, some at a time, until `visit` answers false. */
  scan(
    log: Log,
    first: number,
    end: number,
    visit: (runs: readonly Run[]) => Promise<boolean>,
  ): Promise<void>
  /** Puts what was written in the place of what was there, durably, for all logs at once. */
  commit(): Promise<void>
  /** Throws away what was written. */
  discard(): Promise<void>
}

export const wholeRun: RewrittenRun = { kind: 'whole' }
export const goneRun: RewrittenRun = { kind: 'gone' }
