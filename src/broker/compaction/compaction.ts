// Keeps of each key of a compacted topic the latest record (`cleanup.policy=compact`): in the background, some
// partitions at a time, at the pace of CompactionPace.
//
// Invariant: what a partition is compacted to is noted after it is durable, so a crash costs no more than doing it
// again. One rewriting at a time; a partition that cannot be compacted does not hold up the others.
import type { BatchWorker } from '../../crossing/batch-worker.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { Late } from '../../lib/late.ts'
import type { Random } from '../../lib/random.ts'
import type { Slices, Steps } from '../../lib/slices.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { LogRewriting } from '../../log/log-rewriting.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { CompactionCounters } from '../counters/broker-counters.ts'
import type { Destination } from '../destination.ts'
import type { Partition } from '../topic/partition.ts'
import type { BrokerValues } from '../topic/topic-defaults.ts'
import type { Topic } from '../topic/topic.ts'
import type { compactPartition, PassContext, PassResult } from './compact-partition.ts'
import { CompactionPace } from './compaction-pace.ts'
import { type DirtyPart, findDirty } from './find-dirty.ts'

export interface CompactionOptions {
  readonly store: LogStore
  readonly clock: Clock
  readonly random: Random
  readonly slices: Slices
  readonly worker: BatchWorker
  /** The broker's, of which those of `log.cleaner` count. */
  readonly settings: BrokerValues
  /** All topics there are. */
  readonly topics: () => Iterable<Topic>
  readonly counters: CompactionCounters
  /** A partition could not be compacted; it is tried again later. */
  readonly onTrouble: (owner: Destination, error: Error) => void
}

/** What compacts, loaded when something is to be compacted for the first time. */
export const compactionPass: Late<{ readonly compactPartition: typeof compactPartition }> =
  new Late(() => import('./compact-partition.ts'))

interface Candidate {
  readonly topic: Topic
  readonly partition: Partition
  readonly part: DirtyPart
}

interface Done extends Candidate {
  readonly result: PassResult
}

export class Compaction {
  readonly #options: CompactionOptions
  readonly #pace: CompactionPace
  readonly #timer: Timer
  #nextAt: number
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #isClosed = false

  /** Looks at all topics every once in a while until it is closed. */
  constructor(options: CompactionOptions) {
    this.#options = options
    this.#pace = new CompactionPace(options.clock, options.settings)
    this.#nextAt = options.clock.monotonic() + this.#backoffMs
    this.#timer = options.clock.every(topicLimits.compactionTickMs, () => this.#tick())
  }

  /** Looks at all topics, and compacts what is dirty until nothing is. */
  run(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      this.#nextAt = this.#options.clock.monotonic() + this.#backoffMs
    })
    return this.#running
  }

  /** Gives up what is under way; resolves when nothing is. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer.stop()
    this.#closing.abort()
    this.#pace.wake()
    await this.#running
  }

  get #backoffMs(): number {
    const set = this.#options.settings.get('log.cleaner.backoff.ms')
    return Number(set ?? topicLimits.compactionCheckMs)
  }

  /** The time between two looks may be changed while the broker runs. */
  #tick(): void {
    const now = this.#options.clock.monotonic()
    this.#nextAt = Math.min(this.#nextAt, now + this.#backoffMs)
    if (now >= this.#nextAt) void this.run()
  }

  async #run(): Promise<void> {
    let isAny = false
    for (let isMore = true; isMore && !this.#isClosed;) {
      const candidates = await this.#options.slices.run(this.#find())
      candidates.sort((a, b) => b.part.ratio - a.part.ratio)
      isMore = false
      for (const group of groupsOf(candidates)) {
        if (this.#isClosed) return
        isAny = true
        if (await this.#compact(group)) isMore = true
      }
    }
    if (isAny) await this.#forgetKeys()
  }

  *#find(): Steps<Candidate[]> {
    const { store, clock } = this.#options
    const candidates: Candidate[] = []
    for (const topic of this.#options.topics()) {
      if (!topic.config.isCompacted) continue
      for (const partition of topic.partitions) {
        yield
        if (topic.isDeleted || partition.log.durableEnd === 0) continue
        if (partition.remote !== undefined) continue
        const part = findDirty(partition, { store, config: topic.config, now: clock.now() })
        if (part.reason !== undefined) candidates.push({ topic, partition, part })
      }
    }
    return candidates
  }

  /**
   * Without those that fail, if some do: what has been written of them must not count. True when something has
   * changed, and there may be more to do.
   */
  async #compact(group: readonly Candidate[]): Promise<boolean> {
    const rewriting = this.#options.store.openRewriting()
    let current: Candidate | undefined
    try {
      if (!compactionPass.isLoaded) await compactionPass.load()
      const done: Done[] = []
      for (current of group) {
        if (current.topic.isDeleted) continue
        const result = await this.#compactOne(current, rewriting)
        if (result !== undefined) done.push({ ...current, result })
      }
      current = undefined
      for (const { topic, partition } of done) this.#check(topic, partition)
      await rewriting.commit()
      this.#note(done)
      return done.some(({ part, result }) => result.cleanedEnd > part.first || result.goneCount > 0)
    } catch (error) {
      await rewriting.discard().catch(() => undefined)
      if (this.#isClosed || this.#options.worker.isClosed) return false
      this.#options.counters.failures++
      const failed = current
      const retryAt = this.#options.clock.now() + topicLimits.compactionRetryMs
      for (const each of group) {
        const isCause = failed === undefined || each === failed
        if (isCause) each.partition.compaction.retryAt = retryAt
      }
      this.#options.onTrouble((failed ?? group[0]!).topic, error as Error)
      const rest = failed === undefined ? [] : group.filter((each) => each !== failed)
      return rest.length > 0 && (await this.#compact(rest))
    }
  }

  async #compactOne(
    { topic, partition, part }: Candidate,
    rewriting: LogRewriting,
  ): Promise<PassResult | undefined> {
    const { worker, clock, random } = this.#options
    using turn = await worker.passes.take(this.#closing.signal)
    this.#check(topic, partition)
    if (turn === undefined || topic.isDeleted) return undefined
    const { durableEnd } = partition.log
    const context: PassContext = {
      worker,
      pace: this.#pace,
      id: turn.id,
      seed: random.below(0x1_0000_0000),
      keysSizeMax: this.#keysSizeMax,
      now: clock.now(),
      check: () => this.#check(topic, partition),
    }
    const parts = { rewriting, context }
    const result = await compactionPass.value.compactPartition(partition, topic.config, part, parts)
    const isWaiting = result === undefined && topic.config.compactionLagMsMin === 0
    if (isWaiting) partition.compaction.triedEnd = durableEnd
    return result
  }

  /** What a deleted topic has left goes with it; a queue may have taken over its log. */
  #check({ config }: Topic, { isGone, log }: Partition): void {
    if (this.#isClosed) throw new Error('Compaction was ended')
    if (isGone && !log.isDeleted) throw new Error('The topic became a queue')
    if (!config.isCompacted) throw new Error('The topic is not to be compacted any more')
  }

  get #keysSizeMax(): number {
    const set = Number(this.#options.settings.get('log.cleaner.dedupe.buffer.size') ?? Infinity)
    return Math.min(set, topicLimits.compactionKeysSizeMax)
  }

  #note(done: readonly Done[]): void {
    const { store, clock, counters } = this.#options
    const now = clock.now()
    const left = done.filter(({ partition }) => !partition.isGone)
    for (const { result } of done) {
      counters.passes++
      counters.removed += result.goneCount
      counters.kept += result.keptCount
      counters.readSize += result.readSize
    }
    if (left.length === 0) return
    store.beginAtom()
    for (const { partition, result } of left) {
      const { compaction: state, log } = partition
      state.cleanedEnd = result.cleanedEnd
      state.horizon = result.horizon
      state.cleanedAt = now
      state.dirtySince = undefined
      state.keep(store, log)
    }
    store.endAtom()
  }

  /** The thread for batches lives on as long as others need it, without the keys. */
  async #forgetKeys(): Promise<void> {
    const { worker } = this.#options
    // Whoever has a turn, in another cell, has its own keys there.
    if (!worker.passes.isFree) return
    using turn = await worker.passes.take(this.#closing.signal)
    if (turn === undefined) return
    const begin = { seed: 0, keysSizeMax: 0, aborted: [] }
    await worker.note(turn.id, Buffer.alloc(0), begin).catch(() => undefined)
  }
}

/** As many as may be compacted together. */
function groupsOf(candidates: readonly Candidate[]): Candidate[][] {
  const groups: Candidate[][] = []
  let size = Infinity
  for (const candidate of candidates) {
    const { dirtySize, cleanSize } = candidate.part
    const own = dirtySize + cleanSize
    const group = groups.at(-1)
    const isFull = (group?.length ?? 0) >= topicLimits.compactionGroupMax
    if (group === undefined || isFull || size + own > topicLimits.compactionGroupSizeMax) {
      groups.push([candidate])
      size = own
    } else {
      group.push(candidate)
      size += own
    }
  }
  return groups
}
