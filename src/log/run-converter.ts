import type { Run } from './run.ts'

/** The log that a batch is in. */
export interface ConvertedLog {
  readonly id: number
  /** Address of records that came without one. */
  readonly homeAddress: Buffer
}

/** Makes runs of messages from batches that another protocol wrote. The log knows neither form. */
export interface RunConverter {
  /**
   * The records of `run` as messages with the same offsets: all of them, or a part of them, which
   * stands for `offset` and what follows up to its own last offset; without records when it has none
   * to show or cannot be decoded. May keep the result in `run.crossed`. Undefined when that takes
   * longer than a turn of the event loop may: then `prepare` it.
   */
  toMessages(log: ConvertedLog, run: Run, offset: number): Run | undefined
  /** Does beside the event loop what `toMessages` did not, then calls back once: it answers now. */
  prepare(log: ConvertedLog, run: Run, offset: number, done: () => void): void
}
