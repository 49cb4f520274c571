// The one place where messages and Kafka batches become each other. Results are kept on their runs for
// the next reader, as many as fit a budget.
import type { Log } from '../../log/log.ts'
import type { RunConverter } from '../../log/run-converter.ts'
import { Run } from '../../log/run.ts'
import { CrossedRuns } from './crossed-runs.ts'
import { filterBatch } from './filter-batch.ts'
import { toKafkaBatch } from './to-kafka-batch.ts'
import { emptyRun, toMessageRun } from './to-message-run.ts'

export interface CrossingOptions {
  /** A Kafka batch cannot be decoded: its records are a gap to readers of messages. */
  readonly onUndecodable: (log: Log, batch: Run, error: Error) => void
}

export class Crossing implements RunConverter {
  /** Times that a batch could not be decoded. */
  undecodableCount = 0
  readonly #options: CrossingOptions
  readonly #kept = new CrossedRuns()

  constructor(options: CrossingOptions) {
    this.#options = options
  }

  /**
   * A durable run as one Kafka batch with the same base offset, last offset and leader epoch: a batch
   * as it came, messages uncompressed. Without the records whose offset `keep` refuses; it may have no
   * records then. Undefined when a large body is not in memory: see `partToKafkaBatch`.
   */
  toKafkaBatch(log: Log, run: Run, keep?: (offset: number) => boolean): Buffer | undefined {
    if (run.isForeign) return keep === undefined ? run.bytes() : this.#filter(log, run, keep)
    if (keep === undefined && run.crossed !== undefined) return run.crossed.bytes()
    const batch = toKafkaBatch(log, run, keep)
    if (keep === undefined && batch !== undefined) this.#kept.keep(run, Run.fromBytes(batch))
    return batch
  }

  toMessages(log: Log, run: Run): Run {
    if (run.crossed !== undefined) return run.crossed
    const messages = this.#decode(log, run)
    this.#kept.keep(run, messages)
    return messages
  }

  #filter(log: Log, batch: Run, keep: (offset: number) => boolean): Buffer {
    try {
      return filterBatch(batch, keep)
    } catch (error) {
      // Its reader may know better.
      this.#report(log, batch, error as Error)
      return batch.bytes()
    }
  }

  #decode(log: Log, run: Run): Run {
    try {
      return toMessageRun(run, log.homeAddress)
    } catch (error) {
      this.#report(log, run, error as Error)
      return emptyRun(run, run.baseTimestamp)
    }
  }

  #report(log: Log, batch: Run, error: Error): void {
    this.undecodableCount++
    this.#options.onUndecodable(log, batch, error)
  }
}
