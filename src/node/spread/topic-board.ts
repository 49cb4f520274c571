// What the home of spread topics tells the other cells, and what they tell it: which topics there are, and where the
// partitions end that they lead.
//
// Invariant: a cell that names a version has everything up to it, durable.
import type { PartitionFacts } from '../../broker/topic/remote-partition.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import type { Clock } from '../../lib/clock.ts'
import { Condition } from '../../lib/condition.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { FollowArgs, FollowResult, PartitionEnds, SpreadTopic } from '../calls/calls.ts'
import { ChangeBoard } from './change-board.ts'

export interface TopicBoardParts {
  readonly topics: Topics
  /** Of the cell. */
  readonly epoch: number
  readonly clock: Clock
  /** Cells that a node serves now, besides this one. */
  readonly servedCells: () => readonly number[]
}

/** A cell that follows. */
interface Follower {
  readonly epoch: number
  version: number
}

export class TopicBoard implements Disposable {
  readonly #parts: TopicBoardParts
  readonly #changes: ChangeBoard<Topic>
  readonly #followers = new Map<number, Follower>()
  /** The versions that topics came with; those that are older than this board have none. */
  readonly #made = new Map<string, number>()
  /** That a cell has followed further: those who follow do not wait for it, or they would wake each other for ever. */
  readonly #followed: Condition
  #isClosed = false

  constructor(parts: TopicBoardParts) {
    this.#parts = parts
    this.#changes = new ChangeBoard(parts.epoch, parts.clock)
    this.#followed = new Condition(parts.clock)
    const before = new Set(spreadOf(parts.topics).map(({ topicId }) => topicId))
    parts.topics.spreadWatcher = (topic) => {
      const { topicId } = topic
      this.#changes.note(topicId, topic)
      if (topic.isDeleted) this.#made.delete(topicId)
      else if (!before.has(topicId) && !this.#made.has(topicId)) {
        this.#made.set(topicId, this.#changes.version)
      }
    }
  }

  /** Answers when there is something to say, or after a while. */
  async follow(args: FollowArgs, signal: AbortSignal): Promise<FollowResult> {
    this.#takeEnds(args.ends)
    this.#noteFollower(args, this.#changes.knownOf(args))
    const { version, changed } = await this.#changes.follow(args, signal)
    return { ...version, ...this.#said(changed) }
  }

  /** Whether the owner of a cell, with this epoch, knows of a topic: it may have had another one of that name. */
  isFollowed(
    { cell, epoch }: { readonly cell: number; readonly epoch: number },
    topicId: string,
  ): boolean {
    const known = this.#followers.get(cell)
    if (known === undefined || known.epoch < epoch) return false
    return known.version >= (this.#made.get(topicId) ?? 0)
  }

  /** Resolves when all cells that are served have followed all changes until now, or after a while. */
  async whenFollowed(): Promise<void> {
    const { version } = this.#changes
    const { clock, servedCells } = this.#parts
    const deadline = clock.monotonic() + clusterHttpLimits.topicsSettledMsMax
    const isBehind = (cell: number): boolean => (this.#followers.get(cell)?.version ?? -1) < version
    while (!this.#isClosed && servedCells().some(isBehind)) {
      const left = deadline - clock.monotonic()
      if (left <= 0) return
      await this.#followed.wait(left)
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#parts.topics.spreadWatcher = undefined
    this.#changes[Symbol.dispose]()
    this.#followed.notifyAll()
  }

  #noteFollower({ cell, epoch }: FollowArgs, version: number): void {
    const known = this.#followers.get(cell)
    // An older owner of the cell does not know that it is one.
    if (known !== undefined && known.epoch > epoch) return
    this.#followers.set(cell, { epoch, version })
    this.#followed.notifyAll()
  }

  /** `changed` is undefined when everything is to be told. */
  #said(changed: Topic[] | undefined): Pick<FollowResult, 'isWhole' | 'topics' | 'gone'> {
    const isWhole = changed === undefined
    const all = changed ?? spreadOf(this.#parts.topics)
    return {
      isWhole,
      topics: all.filter(({ isDeleted }) => !isDeleted).map(describe),
      gone: all.filter(({ isDeleted }) => isDeleted).map(({ topicId }) => topicId),
    }
  }

  #takeEnds(ends: readonly PartitionEnds[]): void {
    for (const { topicId, partitions } of ends) {
      const topic = this.#parts.topics.findById(topicId)
      for (const [index, facts] of partitions) take(topic?.partitions[index]?.remote, facts)
    }
  }
}

function spreadOf(topics: Topics): Topic[] {
  const all = Array.from(topics.seen(false), ({ topic }) => topic)
  return all.filter((topic) => topic !== undefined && topic.spread > 0) as Topic[]
}

function describe({ name, topicId, spread, partitions, config }: Topic): SpreadTopic {
  return { name, topicId, spread, partitionCount: partitions.length, configs: config.effective }
}

/** What an older leader says comes too late. */
function take(remote: { facts: PartitionFacts } | undefined, facts: PartitionFacts): void {
  if (remote !== undefined && facts.epoch >= remote.facts.epoch) remote.facts = facts
}
