import type { Log } from './log.ts'
import type { Run } from './run.ts'

/** Makes runs of messages from batches that another protocol wrote. The log knows neither form. */
export interface RunConverter {
  /**
   * The records of `run` as messages with the same offsets; without records when it has none to show
   * or cannot be decoded. May keep the result in `run.crossed`.
   */
  toMessages(log: Log, run: Run): Run
}
