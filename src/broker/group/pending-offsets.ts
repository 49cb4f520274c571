// Offsets that open transactions have committed for a group: they count once the transaction is committed
// (KIP-98), and until then whoever wants stable offsets is told to wait (KIP-447). Each holds its place in
// GroupOffsets as a write on its way does, so that a delete finds it and it does not expire.
import type { CommittedOffset, TopicPartition } from './committed-offset.ts'
import type { GroupBudget } from './group-budget.ts'

export interface PendingOffset {
  readonly producerId: number
  readonly place: TopicPartition
  readonly committed: CommittedOffset
}

/** The committed offsets of the group. */
export interface OffsetSlots {
  startWrite(place: TopicPartition): void
  finishWrite(place: TopicPartition, committed: CommittedOffset | undefined): void
}

/** Map entries, objects and numbers, roughly. */
const overhead = 320

type Places = Map<string, PendingOffset>

function sizeOf({ committed, place }: PendingOffset): number {
  return overhead + (committed.metadata.length + place.topic.length) * 2
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}

/** What a group has of open transactions. */
export class PendingOffsets {
  readonly #offsets: OffsetSlots
  readonly #budget: GroupBudget
  /** Made with the first: most groups have none. */
  #byProducer: Map<number, Places> | undefined
  /** How many transactions have an offset of a place, those that are being ended included. */
  #unstable: Map<string, number> | undefined
  #count = 0

  constructor(offsets: OffsetSlots, budget: GroupBudget) {
    this.#offsets = offsets
    this.#budget = budget
  }

  /** Offsets that can still be committed or aborted. */
  get count(): number {
    return this.#count
  }

  /** Whether a transaction may still change the offset of a partition. */
  isUnstable(place: TopicPartition): boolean {
    return this.#unstable?.has(keyOf(place)) === true
  }

  /** Also puts back what was restored. A later one of the same transaction takes the place of an earlier one. */
  add(pending: PendingOffset): void {
    const { producerId, place } = pending
    const key = keyOf(place)
    const byProducer = (this.#byProducer ??= new Map<number, Places>())
    let places = byProducer.get(producerId)
    if (places === undefined) byProducer.set(producerId, (places = new Map()))
    const before = places.get(key)
    if (before === undefined) this.#hold(place)
    else this.#budget.giveBack(sizeOf(before))
    this.#budget.take(sizeOf(pending))
    places.set(key, pending)
  }

  /** The offset of a transaction for a partition. */
  find(producerId: number, place: TopicPartition): PendingOffset | undefined {
    return this.#byProducer?.get(producerId)?.get(keyOf(place))
  }

  /** Of all transactions, for a partition. */
  *at(place: TopicPartition): Generator<PendingOffset> {
    if (!this.isUnstable(place)) return
    for (const places of this.#byProducer?.values() ?? []) {
      const pending = places.get(keyOf(place))
      if (pending !== undefined) yield pending
    }
  }

  *all(): Generator<PendingOffset> {
    for (const places of this.#byProducer?.values() ?? []) yield* places.values()
  }

  /** It is not pending any more, but still unstable; `release` or `add` follows. */
  remove(pending: PendingOffset): void {
    const { producerId, place } = pending
    const places = this.#byProducer?.get(producerId)
    if (places?.delete(keyOf(place)) !== true) return
    this.#count--
    this.#budget.giveBack(sizeOf(pending))
    if (places.size === 0) this.#byProducer?.delete(producerId)
  }

  /** All of a transaction that ends: nothing of it is pending any more; `release` follows for each. */
  take(producerId: number): PendingOffset[] {
    const taken = [...(this.#byProducer?.get(producerId)?.values() ?? [])]
    this.#byProducer?.delete(producerId)
    this.#count -= taken.length
    for (const pending of taken) this.#budget.giveBack(sizeOf(pending))
    return taken
  }

  /** What was removed or taken is decided and durable: committed, or (without `committed`) dropped. */
  release(place: TopicPartition, committed: CommittedOffset | undefined): void {
    const key = keyOf(place)
    const left = (this.#unstable?.get(key) ?? 1) - 1
    if (left > 0) this.#unstable?.set(key, left)
    else this.#unstable?.delete(key)
    this.#offsets.finishWrite(place, committed)
  }

  /** Takes back `remove`, unless the transaction has committed another offset there since. */
  restore(pending: PendingOffset): void {
    const { producerId, place } = pending
    this.release(place, undefined)
    if (this.find(producerId, place) === undefined) this.add(pending)
  }

  /** The group is gone. */
  clear(): void {
    for (const pending of this.all()) this.#budget.giveBack(sizeOf(pending))
    this.#byProducer = undefined
    this.#unstable = undefined
    this.#count = 0
  }

  #hold(place: TopicPartition): void {
    const key = keyOf(place)
    const unstable = (this.#unstable ??= new Map<string, number>())
    unstable.set(key, (unstable.get(key) ?? 0) + 1)
    this.#offsets.startWrite(place)
    this.#count++
  }
}
