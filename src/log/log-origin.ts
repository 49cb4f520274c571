// Where the records of a log are that its own store has not. Such a log has cursors and ends here and its records
// elsewhere: nothing is ever appended to it, and whoever has the origin says where it ends.
import type { Run } from './run.ts'

export interface LogOrigin {
  /** Bytes that its records take there. */
  readonly size: number
  /** As `LogStore.readRuns`. Rejects when the origin is away for some time: who can wait asks again. */
  readRuns(
    offset: number,
    sizeMax: number,
    isStrict: boolean,
  ): readonly Run[] | Promise<readonly Run[]>
  /** As `LogStore.findRunByTimestamp`. */
  findRunByTimestamp(timestamp: number, offset: number): Promise<Run | undefined>
  /**
   * Resolves when the log ends where the origin does, which may be away for long: with `msMax` it rejects after that.
   */
  refresh(msMax?: number): Promise<void>
  /** Somebody waits for what comes. */
  onWanted(): void
}
