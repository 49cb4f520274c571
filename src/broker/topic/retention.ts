// Forgets old records of all topics, as their settings `retention.ms` and `retention.bytes` say (for
// stream queues `x-max-age` and `x-max-length-bytes`): in the background, per partition, whole runs.
import type { Clock, Timer } from '../../lib/clock.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Partition } from './partition.ts'
import type { Topic } from './topic.ts'

export interface RetentionOptions {
  readonly store: LogStore
  readonly clock: Clock
  /** All topics there are. */
  readonly topics: () => Iterable<Topic>
  /** Work queues as partitions: their records stay, their producers are forgotten like others. */
  readonly queuePartitions?: () => Iterable<Partition>
  /** A partition could not be looked at; it is tried again next time. */
  readonly onTrouble: (topic: Topic, error: Error) => void
}

export class Retention {
  readonly #options: RetentionOptions
  readonly #timer: Timer
  #isRunning = false
  #isClosed = false

  /** Looks at all topics every once in a while until it is closed. */
  constructor(options: RetentionOptions) {
    this.#options = options
    this.#timer = options.clock.every(topicLimits.retentionCheckMs, () => void this.run())
  }

  /** Looks at all topics once. */
  async run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (const partition of this.#options.queuePartitions?.() ?? []) partition.expireProducers()
    for (const topic of this.#options.topics()) {
      for (const partition of topic.partitions) {
        partition.expireProducers()
        await this.#trim(topic, partition).catch((error: Error) => {
          this.#options.onTrouble(topic, error)
        })
        if (this.#isClosed) return
      }
    }
    this.#isRunning = false
  }

  close(): void {
    this.#isClosed = true
    this.#timer.stop()
  }

  async #trim(topic: Topic, { log, cursor }: Partition): Promise<void> {
    const { store, clock } = this.#options
    const { config } = topic
    const isLimited = Number.isFinite(config.retentionMs) || Number.isFinite(config.retentionSize)
    if (!config.isDeleting || !isLimited || topic.isDeleted) return
    const offset = await store.retentionOffset(log, {
      timestampMin: clock.now() - config.retentionMs,
      sizeMax: config.retentionSize,
    })
    if (offset <= cursor.floor || topic.isDeleted || this.#isClosed) return
    // Others who still need what lies below keep it.
    cursor.ackRange(cursor.floor, offset - 1)
  }
}
