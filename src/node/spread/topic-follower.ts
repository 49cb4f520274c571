// A cell that leads partitions of topics which another cell keeps: it follows the home, makes, grows, alters and deletes
// what it has of them, and tells where its partitions end.
import { cellOfPartition } from '../../broker/topic/cell-of-partition.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { PartitionFacts } from '../../broker/topic/remote-partition.ts'
import type { PartAsked } from '../../broker/topic/topic-asked.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { wait } from '../../lib/wait.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type {
  FollowArgs,
  FollowedVersion,
  FollowResult,
  HomeVersion,
  PartitionEnds,
  SpreadTopic,
} from '../calls/calls.ts'
import { HomeFollower } from './home-follower.ts'

/** Says when it is durable. */
type Change = ReturnType<Topics['delete']>

export interface TopicFollowerParts {
  readonly cell: number
  /** Of its owner. */
  readonly epoch: number
  /** The parts that it has. */
  readonly topics: Topics
  /** Asks the home. Rejects with `CallError`. */
  readonly ask: (args: FollowArgs, signal: AbortSignal) => Promise<FollowResult>
  readonly sizeOf: (partition: Partition) => number
  /** A part is about to be deleted. */
  readonly onDeleting: (topic: Topic) => void
  readonly clock: Clock
  readonly logger: Logger
}

export class TopicFollower implements AsyncDisposable {
  readonly #parts: TopicFollowerParts
  readonly #follower: HomeFollower
  /** What the home was told last. */
  readonly #told = new Map<Partition, PartitionFacts>()

  constructor(parts: TopicFollowerParts) {
    this.#parts = parts
    const { clock, logger, cell } = parts
    this.#follower = new HomeFollower({
      what: 'Changes of topics',
      round: (followed, signal) => this.#round(followed, signal),
      clock,
      logger: logger.child({ cell }),
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#follower[Symbol.asyncDispose]()
  }

  async #round(followed: FollowedVersion, signal: AbortSignal): Promise<HomeVersion> {
    const { ask, cell, epoch } = this.#parts
    const { ends, noted } = this.#changedEnds()
    const result = await ask({ ...followed, cell, epoch, ends }, signal)
    // Another owner of the home has been told nothing yet.
    if (result.homeEpoch !== followed.homeEpoch) this.#told.clear()
    else for (const [partition, facts] of noted) this.#told.set(partition, facts)
    for (const ticket of await this.#take(result)) await whenDurable(ticket)
    return result
  }

  async #take({ topics, gone, isWhole }: FollowResult): Promise<Change[]> {
    const tickets = gone.map((topicId) => this.#delete(topicId))
    if (isWhole) {
      const kept = new Set(topics.map(({ topicId }) => topicId))
      const parts = [...this.#parts.topics.seen(false)]
      for (const { topicId } of parts) if (!kept.has(topicId)) tickets.push(this.#delete(topicId))
    }
    for (const [at, topic] of topics.entries()) {
      tickets.push(this.#put(topic))
      // Others have their turn while many are made.
      if (at % clusterHttpLimits.topicsAtOnce === clusterHttpLimits.topicsAtOnce - 1) {
        await wait(this.#parts.clock, 0)
      }
    }
    return tickets
  }

  #delete(topicId: string): Change {
    const { topics } = this.#parts
    const topic = topics.findById(topicId)?.topic
    if (topic === undefined) return undefined
    for (const partition of topic.partitions) this.#told.delete(partition)
    this.#parts.onDeleting(topic)
    return topics.delete(topic)
  }

  #put(asked: SpreadTopic): Change {
    const { topics } = this.#parts
    const part = this.#partOf(asked)
    if (part === undefined) return undefined
    const same = topics.findById(asked.topicId)?.topic
    if (same !== undefined) return isAsAsked(same, part) ? undefined : topics.changePart(same, part)
    // One of the same name is gone: its end may have been missed.
    const other = topics.find(asked.name)?.topic
    if (other !== undefined) this.#delete(other.topicId)
    return topics.createPart(part).ticket
  }

  /** Undefined when the cell leads none of its partitions. */
  #partOf({ partitionCount, ...topic }: SpreadTopic): PartAsked | undefined {
    const numbers: number[] = []
    for (let index = 0; index < partitionCount; index++) {
      const cell = cellOfPartition(topic.topicId, index, topic.spread)
      if (cell === this.#parts.cell) numbers.push(index)
    }
    return numbers.length === 0 ? undefined : { ...topic, numbers }
  }

  #changedEnds(): { ends: PartitionEnds[]; noted: Map<Partition, PartitionFacts> } {
    const ends: PartitionEnds[] = []
    const noted = new Map<Partition, PartitionFacts>()
    for (const { topic } of this.#parts.topics.seen(false)) {
      if (topic?.numbers === undefined) continue
      const partitions: [number, PartitionFacts][] = []
      for (const [at, partition] of topic.partitions.entries()) {
        const facts = this.#factsOf(partition)
        if (isSame(facts, this.#told.get(partition))) continue
        noted.set(partition, facts)
        partitions.push([topic.numbers[at] as number, facts])
      }
      if (partitions.length > 0) ends.push({ topicId: topic.topicId, partitions })
    }
    return { ends, noted }
  }

  #factsOf(partition: Partition): PartitionFacts {
    const { leaderEpoch: epoch, startOffset, highWatermark, lastStableOffset } = partition
    const size = this.#parts.sizeOf(partition)
    return { epoch, startOffset, endOffset: highWatermark, stableOffset: lastStableOffset, size }
  }
}

function isAsAsked({ numbers = [], config }: Topic, asked: PartAsked): boolean {
  if (numbers.length !== asked.numbers.length) return false
  const [now, then] = [config.overrides, asked.configs]
  const names = Object.keys(then)
  return names.length === Object.keys(now).length && names.every((name) => now[name] === then[name])
}

function isSame(left: PartitionFacts, right: PartitionFacts | undefined): boolean {
  if (right === undefined) return false
  const names = Object.keys(left) as (keyof PartitionFacts)[]
  return names.every((name) => left[name] === right[name])
}
