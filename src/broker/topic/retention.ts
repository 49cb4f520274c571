// Forgets old records of all topics, as their settings `retention.ms` and `retention.bytes` say (for
// stream queues `x-max-age` and `x-max-length-bytes`), and what work queues keep that was acked: in the
// background, per log, whole runs.
import type { Clock, Timer } from '../../lib/clock.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Destination } from '../destination.ts'
import type { Queue } from '../queue/queue.ts'
import type { Partition } from './partition.ts'
import type { Topic } from './topic.ts'

export interface RetentionOptions {
  readonly store: LogStore
  readonly clock: Clock
  /** All topics there are. */
  readonly topics: () => Iterable<Topic>
  /** Work queues as partitions: their records stay, their producers are forgotten like others. */
  readonly queuePartitions?: () => Iterable<Partition>
  /** Work queues, of which some keep what was acked. */
  readonly workQueues?: () => Iterable<Queue>
  /** A log could not be looked at; it is tried again next time. */
  readonly onTrouble: (owner: Destination, error: Error) => void
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
      for (const partition of ledPartitionsOf(topic)) {
        partition.expireProducers()
        await this.#trim(topic, partition.cursor, ruleOf(topic))
        if (this.#isClosed) return
      }
    }
    for (const queue of this.#options.workQueues?.() ?? []) {
      for (const cursor of queue.retained?.cursors ?? []) {
        await this.#trim(queue, cursor, queue.settings.retention)
        if (this.#isClosed) return
      }
    }
    this.#isRunning = false
  }

  close(): void {
    this.#isClosed = true
    this.#timer.stop()
  }

  /** Does nothing without a rule. */
  async #trim(owner: Destination, cursor: LogCursor, rule: Rule | undefined): Promise<void> {
    if (rule === undefined || owner.isDeleted) return
    const { store, clock, onTrouble } = this.#options
    try {
      const offset = await store.retentionOffset(cursor.log, {
        timestampMin: clock.now() - rule.ms,
        sizeMax: rule.sizeMax,
      })
      const isGone = owner.isDeleted || cursor.isDeleted
      if (offset <= cursor.floor || isGone || this.#isClosed) return
      // Others who still need what lies below keep it.
      cursor.ackRange(cursor.floor, offset - 1)
    } catch (error) {
      onTrouble(owner, error as Error)
    }
  }
}

interface Rule {
  readonly ms: number
  readonly sizeMax: number
}

function ruleOf({ config }: Topic): Rule | undefined {
  const { retentionMs: ms, retentionSize: sizeMax, isDeleting } = config
  const isLimited = Number.isFinite(ms) || Number.isFinite(sizeMax)
  return isDeleting && isLimited ? { ms, sizeMax } : undefined
}

/** Those of which the records are here. */
function ledPartitionsOf({ partitions }: Topic): Partition[] {
  return partitions.filter(({ remote }) => remote === undefined)
}
