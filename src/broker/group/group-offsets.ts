// The committed offsets of one group. What is here is durable: a commit shows when its write is
// done. Until then its partition has a slot without an offset, so that a delete finds it too.
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import type { GroupBudget } from './group-budget.ts'
import { PendingOffsets } from './pending-offsets.ts'

interface Slot {
  committed: CommittedOffset | undefined
  /** Commits on their way to the disk. */
  writes: number
}

/** A map entry, its objects and numbers, roughly. */
const slotOverhead = 192

function sizeOf(slot: Slot): number {
  return slotOverhead + (slot.committed?.metadata.length ?? 0) * 2
}

/** Offsets by topic and partition. */
export class GroupOffsets {
  /** What open transactions have committed. */
  readonly pending: PendingOffsets
  readonly #budget: GroupBudget
  readonly #topics = new Map<string, Map<number, Slot>>()
  #count = 0
  #isGone = false

  constructor(budget: GroupBudget) {
    this.#budget = budget
    this.pending = new PendingOffsets(this, budget)
  }

  /** Partitions with a committed offset or one on its way. */
  get count(): number {
    return this.#count
  }

  find({ topic, partition }: TopicPartition): CommittedOffset | undefined {
    return this.#topics.get(topic)?.get(partition)?.committed
  }

  /** Does a committed offset, or one on its way, need a row deleted? */
  holds({ topic, partition }: TopicPartition): boolean {
    return this.#topics.get(topic)?.has(partition) ?? false
  }

  isBeingWritten({ topic, partition }: TopicPartition): boolean {
    return (this.#topics.get(topic)?.get(partition)?.writes ?? 0) > 0
  }

  topics(): IterableIterator<string> {
    return this.#topics.keys()
  }

  /** Durable offsets of a topic. */
  *committedIn(topic: string): Generator<[partition: number, committed: CommittedOffset]> {
    for (const [partition, { committed }] of this.#topics.get(topic) ?? []) {
      if (committed !== undefined) yield [partition, committed]
    }
  }

  /** Every partition that {@link holds}, of one topic or of all. */
  *partitions(only?: string): Generator<TopicPartition> {
    for (const topic of only === undefined ? this.#topics.keys() : [only]) {
      for (const partition of this.#topics.get(topic)?.keys() ?? []) yield { topic, partition }
    }
  }

  /** A commit sets out for the disk; `finishWrite` follows. */
  startWrite(place: TopicPartition): void {
    this.#slot(place).writes++
  }

  /** It is durable, or (without `committed`) was refused. */
  finishWrite(place: TopicPartition, committed: CommittedOffset | undefined): void {
    const slot = this.#slot(place)
    slot.writes--
    if (committed !== undefined) this.#setCommitted(slot, committed)
    this.#dropIfUnused(place, slot)
  }

  /** Puts back what was read from the disk. */
  restore(place: TopicPartition, committed: CommittedOffset): void {
    this.#setCommitted(this.#slot(place), committed)
  }

  /** The row is gone from the disk. A commit still on its way comes after that. */
  delete(place: TopicPartition): void {
    const slot = this.#topics.get(place.topic)?.get(place.partition)
    if (slot === undefined) return
    this.#setCommitted(slot, undefined)
    this.#dropIfUnused(place, slot)
  }

  /** The group was deleted. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** The group is gone. */
  clear(): void {
    for (const slots of this.#topics.values()) {
      for (const slot of slots.values()) this.#budget.giveBack(sizeOf(slot))
    }
    this.#isGone = true
    this.#topics.clear()
    this.pending.clear()
    this.#count = 0
  }

  #slot({ topic, partition }: TopicPartition): Slot {
    let slots = this.#topics.get(topic)
    if (slots === undefined) {
      slots = new Map()
      this.#topics.set(topic, slots)
    }
    let slot = slots.get(partition)
    if (slot === undefined) {
      slot = { committed: undefined, writes: 0 }
      slots.set(partition, slot)
      this.#count++
      this.#budget.take(sizeOf(slot))
    }
    return slot
  }

  #setCommitted(slot: Slot, committed: CommittedOffset | undefined): void {
    this.#budget.giveBack(sizeOf(slot))
    slot.committed = committed
    this.#budget.take(sizeOf(slot))
  }

  #dropIfUnused({ topic, partition }: TopicPartition, slot: Slot): void {
    if (slot.committed !== undefined || slot.writes > 0) return
    const slots = this.#topics.get(topic)
    slots?.delete(partition)
    if (slots?.size === 0) this.#topics.delete(topic)
    this.#count--
    this.#budget.giveBack(sizeOf(slot))
  }
}
