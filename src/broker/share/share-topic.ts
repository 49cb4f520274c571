// The place of a share group in a topic: a cursor for each partition, of which the group's row tells, and the
// partitions that members have read in this process.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Topic } from '../topic/topic.ts'
import type { SharePartition } from './share-partition.ts'
import { dropShareRow, putShareRow } from './share-rows.ts'

/** The group, as its topics ask it. */
export interface ShareTopicOwner {
  readonly id: string
  readonly epoch: number
  createShare(topic: ShareTopic, index: number): SharePartition
}

/** Where the group is to be in a partition. */
export interface SharePlace {
  readonly partition: number
  readonly offset: number
}

export class ShareTopic {
  readonly topic: Topic
  readonly #store: LogStore
  readonly #owner: ShareTopicOwner
  readonly #cursors: LogCursor[]
  readonly #shares: (SharePartition | undefined)[] = []
  #isClosed = false

  constructor(
    topic: Topic,
    cursors: readonly LogCursor[],
    { store, owner }: { readonly store: LogStore; readonly owner: ShareTopicOwner },
  ) {
    this.topic = topic
    this.#cursors = [...cursors]
    // Whether members have aborted records is a setting of the group.
    for (const cursor of cursors) cursor.isSelective = true
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

  /** Where the group is in a partition; undefined: nowhere. */
  cursorOf(partition: number): LogCursor | undefined {
    return this.#cursors[partition]
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

  /** The first record of a partition that the group is not done with. */
  startOf(partition: number): number {
    const floor = this.#cursors[partition]?.floor ?? 0
    return Math.max(floor, this.topic.partitions[partition]?.startOffset ?? 0)
  }

  /** Records of a partition that the group is not done with, as of now (KIP-1226). */
  lagOf(partition: number): number {
    const cursor = this.#cursors[partition]
    const end = this.topic.partitions[partition]?.highWatermark ?? 0
    return cursor?.acked.unackedIn(this.startOf(partition), end - 1) ?? 0
  }

  /**
   * Gives the group places in the partitions that it has none in: at `offsets`, by partition, else before all
   * that is there. Returns what says when they are durable, and 'full' when there is no room for the row.
   */
  open(offsets: readonly number[]): Ticket | undefined | 'full' {
    const { partitions } = this.topic
    if (this.#cursors.length >= partitions.length) return undefined
    const known = this.#cursors.length
    this.#store.beginAtom()
    for (let index = known; index < partitions.length; index++) {
      this.#cursors.push(this.#createCursor(index, offsets[index] ?? 0))
    }
    const hasRoom = this.save()
    if (!hasRoom) {
      for (const cursor of this.#cursors.splice(known)) this.#store.deleteCursor(cursor)
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
    }
    this.save()
    return this.#store.endAtom()
  }

  /** The group gives up its place. Within an atom. */
  delete(): void {
    this.close()
    for (const cursor of this.#cursors) if (!cursor.isDeleted) this.#store.deleteCursor(cursor)
    dropShareRow(this.#store, { groupId: this.#owner.id, topicId: this.topicId })
  }

  /** The topic goes with its logs, or the broker stops. */
  close(): void {
    this.#isClosed = true
    for (const share of this.openShares()) share.close()
  }

  /** The group is done with what retention has passed. Not within an atom. */
  passRetention(): void {
    for (const [index, cursor] of this.#cursors.entries()) {
      const start = this.topic.partitions[index]?.startOffset ?? 0
      if (start <= cursor.floor) continue
      const share = this.#shares[index]
      if (share === undefined) cursor.ackRange(cursor.floor, start - 1)
      else share.passRetention()
    }
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
    const cursorIds = this.#cursors.map(({ id }) => id)
    return putShareRow(this.#store, { groupId, topicId: this.topicId, cursorIds, epoch })
  }
}
