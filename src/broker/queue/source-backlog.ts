// The messages of a queue with a source: what was published to the queue itself, in a log of its own, and
// the records of a topic, which stay in the topic's logs. The queue has a cursor in each of these, so a log
// keeps what any queue has not acked. Records are seen once they are durable, as by all readers of topics.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { Backlog } from './backlog.ts'
import { logIndexIn, offsetIn, placeOf } from './message-place.ts'
import type { MessageSource, SourcePartition, SourcePlace, Subscription } from './message-source.ts'
import { PriorityAhead, type PriorityAheadSource } from './priority-ahead.ts'
import type {
  BacklogOwner,
  CountedLog,
  LevelCursor,
  QueueBacklog,
  TakeResult,
} from './queue-backlog.ts'
import { type Lane, SeveralBacklogs } from './several-backlogs.ts'

export interface SourceBacklogOwner extends BacklogOwner, Subscription {
  /** It has further cursors, of which its row tells. Within an atom. */
  onLevelAdded(): void
}

export interface SourceBacklogOptions<S extends Subscription> {
  /** In the queue's own log. */
  readonly cursor: LogCursor
  readonly source: SourcePlace<S>
  readonly store: LogStore
  readonly owner: SourceBacklogOwner & S
  /** The highest of priorities, or 0 for none. */
  readonly priorityMax?: number | undefined
}

/** Of a log that the queue does not own. */
interface SourceLane extends Lane {
  readonly partition: SourcePartition
  readonly onDurable: () => void
}

export class SourceBacklog<S extends Subscription>
  extends SeveralBacklogs<Lane>
  implements QueueBacklog, SourcePlace<S>, PriorityAheadSource
{
  isRedelivered = false
  readonly topic: MessageSource<S>
  readonly #store: LogStore
  readonly #owner: SourceBacklogOwner & S
  readonly #own: Backlog
  readonly #ahead: PriorityAhead | undefined
  /** One for each partition, in their order. */
  readonly #sources: SourceLane[] = []
  /** The partition whose turn it is. */
  #turn = 0

  constructor({ cursor, source, store, owner, priorityMax = 0 }: SourceBacklogOptions<S>) {
    const own = new Backlog(cursor, store, owner)
    super([{ backlog: own }])
    this.topic = source.topic
    this.#store = store
    this.#owner = owner
    this.#own = own
    this.#ahead = priorityMax === 0 ? undefined : new PriorityAhead(this, priorityMax)
    for (const each of source.cursors) this.#add(each)
    source.topic.subscriptions.add(owner)
  }

  /** The queue's own log. */
  get levels(): readonly LevelCursor[] {
    return this.#own.levels
  }

  get levelCount(): number {
    return 1
  }

  /** In the topic's logs, in the order of its partitions. */
  get cursors(): readonly LogCursor[] {
    return this.#sources.map(({ backlog }) => backlog.cursor)
  }

  get isWaiting(): boolean {
    let isAnyWaiting = false
    for (const { backlog } of this.lanes) {
      if (backlog.readyCount === 0) continue
      if (!backlog.isWaiting) return false
      isAnyWaiting = true
    }
    return isAnyWaiting
  }

  /** Nobody counts the bytes of a topic's records when they come: such a queue has no limit of bytes. */
  countSizes(): readonly CountedLog[] {
    return []
  }

  forgetSizes(): void {}

  append(source: RecordSource, sharedPosition: number, isAwaited: boolean): void {
    this.#own.append(source, sharedPosition, isAwaited)
  }

  take(view: RecordView): TakeResult {
    return this.#ahead === undefined ? this.takeNext(view) : this.#ahead.take(view)
  }

  /** See `PriorityAheadSource`. */
  takeNext(view: RecordView): TakeResult {
    return this.#first(view, (backlog, index) => {
      const result = backlog.take(view)
      if (result === 'record') {
        this.onGone(index)
        this.isRedelivered = backlog.isRedelivered
      }
      return result
    })
  }

  /** See `PriorityAheadSource`. */
  setAhead(place: number): void {
    this.lanes[logIndexIn(place)]!.backlog.setAhead(offsetIn(place))
  }

  /** See `PriorityAheadSource`. */
  takeAhead(place: number, view: RecordView): TakeResult {
    const { backlog } = this.lanes[logIndexIn(place)]!
    const result = backlog.takeAhead(offsetIn(place), view)
    if (result !== 'record') return result
    view.offset = place
    this.isRedelivered = backlog.isRedelivered
    return result
  }

  peek(view: RecordView): TakeResult {
    return this.#first(view, (backlog) => backlog.peek(view))
  }

  /** Takes the place of new partitions: from their beginning. Not within an atom. */
  addPartitions(): void {
    this.#store.beginAtom()
    for (const { log } of this.topic.partitions.slice(this.#sources.length)) {
      this.#add(this.#store.createCursor(log))
    }
    this.#owner.onLevelAdded()
    this.#store.endAtom()
  }

  override close(): void {
    this.topic.subscriptions.delete(this.#owner)
    for (const { partition, onDurable } of this.#sources) partition.removeListener(onDurable)
    super.close()
  }

  protected onGone(index: number): void {
    if (index > 0) this.#turn = index % this.#sources.length
  }

  /** What `look` finds first: in the queue's own log, then in the partitions from the one whose turn it is. */
  #first(view: RecordView, look: (backlog: Backlog, index: number) => TakeResult): TakeResult {
    let isAnyWaiting = false
    for (let count = 0; count < this.lanes.length; count++) {
      const index = count === 0 ? 0 : 1 + ((this.#turn + count - 1) % this.#sources.length)
      const { backlog } = this.lanes[index]!
      if (backlog.readyCount === 0) continue
      const result = look(backlog, index)
      if (result === 'record') {
        view.offset = placeOf(index, view.offset)
        return result
      }
      if (result === 'wait') isAnyWaiting = true
    }
    return isAnyWaiting ? 'wait' : 'empty'
  }

  #add(cursor: LogCursor): void {
    const partition = this.topic.partitions[this.#sources.length]!
    const owner = this.#owner
    const backlog = new Backlog(cursor, this.#store, {
      seesOnlyDurable: true,
      onReadable: () => owner.onReadable(),
      onDamaged: (offset, error) => owner.onDamaged(offset, error),
    })
    const onDurable = (): void => {
      if (backlog.showMore()) owner.onReadable()
    }
    partition.addListener(onDurable)
    const lane = { backlog, partition, onDurable }
    this.lanes.push(lane)
    this.#sources.push(lane)
  }
}
