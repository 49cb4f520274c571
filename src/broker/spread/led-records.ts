// What a cell answers to the home of topics whose partitions it leads: records for readers of messages, news of where
// partitions end, messages that come in there, and what queues there still need.
import type { Clock } from '../../lib/clock.ts'
import { spreadLimits } from '../../limits/spread.ts'
import type { LogStore } from '../../log/log-store.ts'
import { joinPortable, type WantedPart } from '../../log/portable-runs.ts'
import type { Run } from '../../log/run.ts'
import { stableRuns } from '../../log/stable-runs.ts'
import type { Shortage } from '../shortage.ts'
import type { Partition } from '../topic/partition.ts'
import type { TopicView } from '../topic/topic-view.ts'
import type { Topic } from '../topic/topic.ts'
import { appendSent } from './append-sent.ts'
import { factsOf } from './facts-of.ts'
import type { LedPlace } from './led-place.ts'
import type {
  AppendArgs,
  AppendResult,
  HoldArgs,
  HoldResult,
  PartitionId,
  ReadArgs,
  ReadResult,
  WatchArgs,
  WatchResult,
} from './record-calls.ts'
import { watchPartitions } from './watch-partitions.ts'

export interface LedContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly shortage: Shortage
  findTopic(topicId: string): TopicView | undefined
  topics(): Iterable<Topic>
}

/** The cell does not lead such a partition, now or yet. */
export class NotLedError extends Error {
  constructor({ topicId, number }: PartitionId) {
    super(`partition ${number} of topic ${topicId} is not in this cell`)
  }
}

export class LedRecords {
  readonly #context: LedContext

  constructor(context: LedContext) {
    this.#context = context
  }

  /** Resolves when there are news of one of them, or after a while. */
  watch(args: WatchArgs, signal: AbortSignal): Promise<WatchResult> {
    const find = (id: PartitionId): Partition | undefined => this.#find(id)
    return watchPartitions({ find, clock: this.#context.clock }, args, signal)
  }

  /** Rejects with `NotLedError`, or when the disk cannot be read. */
  async read(args: ReadArgs): Promise<{ result: ReadResult; body: Buffer }> {
    const partition = this.#find(args)
    if (partition === undefined) throw new NotLedError(args)
    const found =
      args.timestamp === undefined
        ? await this.#readFrom(partition, args)
        : await this.#readAtTime(partition, args, args.timestamp)
    return { result: { facts: factsOf(partition), next: found.next }, body: found.body }
  }

  /** Resolves when all of it is durable. Rejects while publishers have to wait here. */
  append(args: AppendArgs, body: Buffer): Promise<AppendResult> {
    const { store, shortage } = this.#context
    const { reason } = shortage
    if (reason !== undefined) throw new Error(`the cell is ${reason}`)
    return appendSent({ store, find: (id) => this.#findPlace(id) }, args, body)
  }

  /** Nothing from these floors on goes by retention; what was held elsewhere may go. */
  hold({ floors }: HoldArgs): HoldResult {
    const { store } = this.#context
    const held = new Map<Partition, number>()
    for (const [topicId, number, floor] of floors) {
      const partition = this.#find({ topicId, number })
      if (partition !== undefined) held.set(partition, floor)
    }
    store.beginAtom()
    for (const topic of this.#context.topics()) {
      for (const partition of topic.partitions) partition.holdFrom(held.get(partition))
    }
    store.endAtom()
    return { heldCount: held.size }
  }

  /** Runs that readers of messages are to have, from `offset` on. */
  async #readFrom(partition: Partition, { offset, sizeMax }: ReadArgs): Promise<FoundRecords> {
    const { store } = this.#context
    const { log } = partition
    let at = Math.max(offset, log.floor)
    for (let count = 0; count < spreadLimits.readsPerCallMax && at < log.stableEnd; count++) {
      const end = log.stableEnd
      const runs = stableRuns(log, await store.readRuns(log, at, sizeMax))
      if (runs.length === 0) return { next: Math.max(at, end), body: nothing }
      const found = await this.#take(partition, runs, { first: at, sizeMax })
      at = found.next
      if (found.body.length > 0) return found
    }
    return { next: at, body: nothing }
  }

  /** The first run that is late enough, and that readers of messages are to have. */
  async #readAtTime(
    partition: Partition,
    { offset, sizeMax }: ReadArgs,
    timestamp: number,
  ): Promise<FoundRecords> {
    const { log } = partition
    for (let at = offset; ;) {
      const run = await this.#context.store.findRunByTimestamp(log, timestamp, at)
      const stable = run === undefined ? [] : stableRuns(log, [run])
      if (stable.length === 0) return { next: log.stableEnd, body: nothing }
      const found = await this.#take(partition, stable, { first: 0, sizeMax })
      if (found.body.length > 0) return found
      at = found.next
    }
  }

  /** Takes what was read, which is released. */
  async #take({ log }: Partition, runs: readonly Run[], wanted: WantedPart): Promise<FoundRecords> {
    const { store } = this.#context
    try {
      const shown = runs.filter((run) => run.recordCount > 0 && log.shows(run))
      const { bytes, end } = await joinPortable({ store, log }, shown, wanted)
      const isAll = end > (shown.at(-1)?.lastOffset ?? -1)
      return { next: isAll ? runs.at(-1)!.lastOffset + 1 : end, body: bytes }
    } finally {
      for (const run of runs) run.release()
    }
  }

  #find(id: PartitionId): Partition | undefined {
    return this.#findPlace(id)?.partition
  }

  #findPlace({ topicId, number }: PartitionId): LedPlace | undefined {
    const view = this.#context.findTopic(topicId)
    const partition = view?.led(number)
    return partition && view?.topic && { partition, topic: view.topic }
  }
}

interface FoundRecords {
  readonly next: number
  readonly body: Buffer
}

const nothing: Buffer = Buffer.alloc(0)
