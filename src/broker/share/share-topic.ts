// The place of a share group in a topic: a cursor for each partition, of which the group's row tells, and the
// partitions that members have read in this process. Of a topic that is spread over cells, the group's home has cursors
// of the partitions that it leads itself, and for the others what their leaders said last; a leader has cursors of its
// own partitions, which are named by where they are in its part of the topic.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Topic } from '../topic/topic.ts'
import { dropDeathRows } from './share-death-rows.ts'
import type { SharePlace, SharePlaceFacts } from './share-elsewhere.ts'
import type { SharePartition } from './share-partition.ts'
import { dropShareRow, putShareRow, type SpreadPlaceRow } from './share-rows.ts'

/** The group, as its topics ask it. */
export interface ShareTopicOwner {
  readonly id: string
  readonly epoch: number
  createShare(topic: ShareTopic, index: number): SharePartition
}

export interface ShareTopicParts {
  readonly store: LogStore
  readonly owner: ShareTopicOwner
  /** Of a topic that is spread over cells. */
  readonly spread?: SpreadPlaceRow | undefined
}

export class ShareTopic {
  readonly topic: Topic
  /** Of a topic that is spread over cells. */
  spread: SpreadPlaceRow | undefined
  /** Partitions elsewhere in which the group has its place for certain. */
  readonly openElsewhere: Set<number> = new Set()
  readonly #store: LogStore
  readonly #owner: ShareTopicOwner
  /** Undefined for a partition that another cell leads. */
  readonly #cursors: (LogCursor | undefined)[]
  readonly #shares: (SharePartition | undefined)[] = []
  /** Of partitions that other cells lead. */
  readonly #told = new Map<number, SharePlaceFacts>()
  #isClosed = false

  constructor(
    topic: Topic,
    cursors: readonly (LogCursor | undefined)[],
    { store, owner, spread }: ShareTopicParts,
  ) {
    this.topic = topic
    this.spread = spread
    this.#cursors = [...cursors]
    // Whether members have aborted records is a setting of the group.
    for (const cursor of this.#ownCursors()) cursor.isSelective = true
    this.#store = store
    this.#owner = owner
  }

  get topicId(): string {
    return this.topic.topicId
  }

  /** Partitions in which the group has a place. */
  get partitionCount(): number {
    return this.#cursors.length
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether the group has a place in a partition. */
  has(partition: number): boolean {
    return partition >= 0 && partition < this.#cursors.length
  }

  /** Where the group is in a partition; undefined: nowhere, or another cell leads it. */
  cursorOf(partition: number): LogCursor | undefined {
    return this.#cursors[partition]
  }

  /** Partitions in which the group has a place and which another cell leads, with that cell. */
  *elsewhere(): Generator<{ readonly partition: number; readonly cell: number }> {
    if (this.spread === undefined) return
    for (let partition = 0; partition < this.#cursors.length; partition++) {
      const cell = this.topic.partitions[partition]?.remote?.cell
      if (cell !== undefined) yield { partition, cell }
    }
  }

  /** What the leader of a partition says of it. */
  note(facts: SharePlaceFacts): void {
    const { partition } = facts
    if (this.topic.partitions[partition]?.remote !== undefined) this.#told.set(partition, facts)
  }

  /** Where the group is; undefined when it is nowhere, or its leader has not said it. */
  factsOf(partition: number): SharePlaceFacts | undefined {
    const cursor = this.#cursors[partition]
    if (cursor === undefined) return this.#told.get(partition)
    const share = this.#shares[partition]
    return {
      partition: this.topic.numbers?.[partition] ?? partition,
      startOffset: this.#startOf(partition, cursor),
      lag: this.#lagOf(partition, cursor),
      acquired: share?.acquired.size ?? 0,
      delayed: share?.delayedCount ?? 0,
      epoch: this.#store.epoch,
    }
  }

  /** What members have read of; undefined when the group has no place there. */
  share(partition: number): SharePartition | undefined {
    if (this.#cursors[partition] === undefined || this.#isClosed) return undefined
    return (this.#shares[partition] ??= this.#owner.createShare(this, partition))
  }

  /** Those that members have read of. */
  *openShares(): Generator<SharePartition> {
    for (const share of this.#shares) if (share !== undefined) yield share
  }

  /** The same as `openShares`, by partition. */
  openShareOf(partition: number): SharePartition | undefined {
    return this.#shares[partition]
  }

  /**
   * Gives the group places in the first `count` partitions, as far as it has none there: at `offsets`, by partition,
   * else before all that is there. Returns what says when they are durable, and 'full' when there is no room for the
   * row.
   */
  open(
    offsets: readonly number[],
    count: number = this.topic.partitions.length,
  ): Ticket | undefined | 'full' {
    const { partitions } = this.topic
    const known = this.#cursors.length
    if (known >= count) return undefined
    this.#store.beginAtom()
    for (let index = known; index < count; index++) {
      const isElsewhere = partitions[index]!.remote !== undefined
      this.#cursors.push(isElsewhere ? undefined : this.#createCursor(index, offsets[index] ?? 0))
    }
    const hasRoom = this.save()
    if (!hasRoom) {
      for (const cursor of this.#cursors.splice(known)) {
        if (cursor !== undefined) this.#store.deleteCursor(cursor)
      }
    }
    const ticket = this.#store.endAtom()
    return hasRoom ? ticket : 'full'
  }

  /** Moves the group in some partitions. What members have of them does not count any more. */
  move(places: readonly SharePlace[]): Ticket | undefined {
    this.#store.beginAtom()
    for (const { partition, offset } of places) {
      const before = this.#cursors[partition]
      if (before === undefined) continue
      this.#shares[partition]?.close()
      this.#shares[partition] = undefined
      this.#cursors[partition] = this.#createCursor(partition, offset)
      this.#store.deleteCursor(before)
      this.#dropDeaths(partition)
    }
    this.save()
    return this.#store.endAtom()
  }

  /** The group gives up its place. Within an atom. */
  delete(): void {
    this.close()
    for (const cursor of this.#ownCursors()) {
      if (!cursor.isDeleted) this.#store.deleteCursor(cursor)
    }
    dropShareRow(this.#store, { groupId: this.#owner.id, topicId: this.topicId })
    for (let index = 0; index < this.#cursors.length; index++) this.#dropDeaths(index)
  }

  /** The topic goes with its logs, or the broker stops. */
  close(): void {
    this.#isClosed = true
    for (const share of this.openShares()) share.close()
  }

  /** The group is done with what retention has passed. Not within an atom. */
  passRetention(): void {
    for (const [index, cursor] of this.#cursors.entries()) {
      if (cursor === undefined) continue
      const start = this.topic.partitions[index]?.startOffset ?? 0
      if (start <= cursor.floor) continue
      const share = this.#shares[index]
      if (share === undefined) cursor.ackRange(cursor.floor, start - 1)
      else share.passRetention()
    }
  }

  /** What is kept of dead records on their way between cells. Within an atom. */
  #dropDeaths(index: number): void {
    if (this.spread === undefined) return
    const place = { groupId: this.#owner.id, topicId: this.topicId }
    dropDeathRows(this.#store, { ...place, partition: this.topic.numbers?.[index] ?? index })
  }

  *#ownCursors(): Generator<LogCursor> {
    for (const cursor of this.#cursors) if (cursor !== undefined) yield cursor
  }

  #startOf(partition: number, { floor }: LogCursor): number {
    return Math.max(floor, this.topic.partitions[partition]?.startOffset ?? 0)
  }

  /** As of now (KIP-1226). */
  #lagOf(partition: number, cursor: LogCursor): number {
    const end = this.topic.partitions[partition]?.highWatermark ?? 0
    return cursor.acked.unackedIn(this.#startOf(partition, cursor), end - 1)
  }

  #createCursor(partition: number, offset: number): LogCursor {
    const { log, startOffset } = this.topic.partitions[partition]!
    const first = Math.min(Math.max(offset, startOffset), log.endOffset)
    const cursor = this.#store.createCursor(log, first)
    cursor.isSelective = true
    return cursor
  }

  /** Keeps the row; false when there is no room for it. Within an atom. */
  save(): boolean {
    const { id: groupId, epoch } = this.#owner
    const cursorIds = this.#cursors.map((cursor) => cursor?.id ?? -1)
    const { topicId, spread } = this
    return putShareRow(this.#store, { groupId, topicId, cursorIds, epoch, spread })
  }
}
