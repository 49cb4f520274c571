// What can be seen of a queue or topic, log by log: messages that wait or are out, and those that were acked
// and are kept.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Log } from '../../log/log.ts'
import type { Destination } from '../destination.ts'
import { keeperOf } from '../queue/keeper-of.ts'
import { logIndexIn, offsetIn } from '../queue/message-place.ts'
import type { MessageState } from '../queue/message-state.ts'
import type { BacklogPart } from '../queue/queue-backlog.ts'
import type { Queue } from '../queue/queue.ts'
import type { Partition } from '../topic/partition.ts'

/** Tells where the message at an offset is; undefined for a record of a topic. */
export type StateOf = (offset: number) => MessageState | undefined

/** One of its logs. */
export interface BrowsedPart {
  readonly log: Log
  /** Which of several; undefined for the only one, and for the own log of a queue with a source. */
  readonly partition: number | undefined
  /** Its place among all parts, which never changes. */
  readonly index: number
  /** The first offset that is not acked; of a topic the first one that there is. */
  readonly head: number
  /** The first offset at or after `offset` that may be seen. */
  next(offset: number): number
  /** As of `now`, for offsets first … last. Good until the next change. */
  statesIn(first: number, last: number, now: number): StateOf
}

/**
 * All parts, in the order in which they are shown: high priorities first, a queue's own messages before those
 * of its source.
 */
export function partsOf(browsed: Destination): BrowsedPart[] {
  if (browsed.kind === 'topic') {
    return browsed.partitions.map((partition, index) => new TopicPart(partition, index))
  }
  const parts = browsed.parts.map((part, index) => new QueuePart(browsed, part, index))
  if (browsed.levels.length === 1) return parts
  const { levels } = browsed
  return parts.toSorted((a, b) => levels[b.index]!.level - levels[a.index]!.level)
}

const noState: StateOf = () => undefined

class TopicPart implements BrowsedPart {
  readonly log: Log
  readonly index: number
  readonly partition: number
  readonly #partition: Partition

  constructor(partition: Partition, index: number) {
    this.log = partition.log
    this.index = index
    this.partition = index
    this.#partition = partition
  }

  get head(): number {
    return this.#partition.startOffset
  }

  next(offset: number): number {
    return Math.max(offset, this.#partition.startOffset)
  }

  statesIn(): StateOf {
    return noState
  }
}

class QueuePart implements BrowsedPart {
  readonly log: Log
  readonly index: number
  readonly partition: number | undefined
  readonly #queue: Queue
  readonly #part: BacklogPart

  constructor(queue: Queue, part: BacklogPart, index: number) {
    this.log = part.cursor.log
    this.index = index
    this.#queue = queue
    this.#part = part
    if (queue.source !== undefined) this.partition = index === 0 ? undefined : index - 1
    else this.partition = queue.levels.length === 1 ? undefined : index
  }

  get head(): number {
    const { cursor } = this.#part
    return Math.max(cursor.floor, this.log.startOffset)
  }

  next(offset: number): number {
    const from = Math.max(offset, this.log.startOffset)
    const { acked } = this.#part.cursor
    const keeper: LogCursor | undefined = keeperOf(this.#queue, this.index)
    return Math.min(acked.nextUnacked(from), keeper?.acked.nextUnacked(from) ?? Infinity)
  }

  statesIn(first: number, last: number, now: number): StateOf {
    const stateOf = this.#part.statesIn(first, last, now)
    const dead = new Set<number>()
    for (const place of this.#queue.ends.deadLetters?.offsets() ?? []) {
      if (logIndexIn(place) !== this.index) continue
      const offset = offsetIn(place)
      if (offset >= first && offset <= last) dead.add(offset)
    }
    return (offset) => (dead.has(offset) ? 'dead' : stateOf(offset))
  }
}
