// The messages of a queue with priorities: a backlog for each level that a message has ever had, each with
// a log of its own. Within a level messages keep their order, whatever happens to the others.
import { assert } from '../../lib/assert.ts'
import type { CursorNote } from '../../log/cursor-notes.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { Backlog } from './backlog.ts'
import type { Incoming } from './incoming.ts'
import { logIndexIn, offsetIn, placeOf } from './message-place.ts'
import { levelOf, type Priorities } from './priorities.ts'
import type {
  BacklogOwner,
  CountedLog,
  LevelCursor,
  NotedMessage,
  QueueBacklog,
  TakeResult,
} from './queue-backlog.ts'

/** Of three messages of a fair queue, the last one is low. */
const fairTurns = 3

/** The queue, which knows what its logs are like. */
export interface PriorityBacklogOwner extends BacklogOwner {
  /** Makes a log for a level. Within an atom. */
  openLog(): LogCursor
  /** `levels` has one more. Within the same atom. */
  onLevelAdded(): void
}

export interface PriorityBacklogOptions {
  readonly priorities: Priorities
  readonly store: LogStore
  readonly owner: PriorityBacklogOwner
  /** As `QueueBacklog.levels`. */
  readonly levels: readonly LevelCursor[]
}

interface Level {
  readonly level: number
  readonly index: number
  readonly backlog: Backlog
}

export class PriorityBacklog implements QueueBacklog {
  isRedelivered = false
  readonly #priorities: Priorities
  readonly #store: LogStore
  readonly #owner: PriorityBacklogOwner
  /** By index, which is their order of creation. As a rule there is one: arrays that grow take more room. */
  readonly #levels: Level[]
  /** Highest first. */
  readonly #ranked: Level[]
  #countsSizes = false
  /** How many messages have gone, in fair turns. */
  #turn = 0

  constructor({ priorities, store, owner, levels }: PriorityBacklogOptions) {
    this.#priorities = priorities
    this.#store = store
    this.#owner = owner
    const [lowest, ...others] = levels as [LevelCursor, ...LevelCursor[]]
    const first = { level: 0, index: 0, backlog: new Backlog(lowest.cursor, store, owner) }
    this.#levels = [first]
    this.#ranked = [first]
    for (const { level, cursor } of others) this.#add(level, cursor)
  }

  get levels(): readonly LevelCursor[] {
    return this.#levels.map(({ level, backlog }) => ({ level, cursor: backlog.cursor }))
  }

  get levelCount(): number {
    return this.#levels.length
  }

  get ends(): readonly number[] {
    return this.#levels.map(({ backlog }) => backlog.log.endOffset)
  }

  get messageCount(): number {
    let count = 0
    for (const { backlog } of this.#levels) count += backlog.messageCount
    return count
  }

  get unackedCount(): number {
    let count = 0
    for (const { backlog } of this.#levels) count += backlog.unackedCount
    return count
  }

  get delayedCount(): number {
    let count = 0
    for (const { backlog } of this.#levels) count += backlog.delayedCount
    return count
  }

  get readyCount(): number {
    let count = 0
    for (const { backlog } of this.#levels) count += backlog.readyCount
    return count
  }

  get waitingCount(): number {
    return this.messageCount - this.unackedCount
  }

  get readySize(): number {
    let size = 0
    for (const { backlog } of this.#levels) size += backlog.readySize
    return size
  }

  get isWaiting(): boolean {
    for (let count = 0; count < this.#ranked.length; count++) {
      const { backlog } = this.#next(count)
      if (backlog.readyCount > 0) return backlog.isWaiting
    }
    return false
  }

  get hasNotes(): boolean {
    return this.#levels.some(({ backlog }) => backlog.hasNotes)
  }

  countSizes(): readonly CountedLog[] {
    this.#countsSizes = true
    return this.#levels.flatMap(({ backlog }) => backlog.countSizes())
  }

  forgetSizes(): void {
    this.#countsSizes = false
    for (const { backlog } of this.#levels) backlog.forgetSizes()
  }

  append(source: RecordSource, sharedPosition: number, isAwaited: boolean): void {
    const level = levelOf(this.#priorities, source)
    const { backlog } = this.#find(level) ?? this.#open(level)
    backlog.append(source, sharedPosition, isAwaited)
  }

  onBatchAppended(incoming: Incoming, isAwaited: boolean, index: number): void {
    this.#levels[index]!.backlog.onBatchAppended(incoming, isAwaited)
  }

  take(view: RecordView): TakeResult {
    for (let count = 0; count < this.#ranked.length; count++) {
      const { index, backlog } = this.#next(count)
      if (backlog.readyCount === 0) continue
      const result = backlog.take(view)
      // Damage may have left nothing of what was counted.
      if (result === 'empty') continue
      if (result === 'record') {
        this.#onGone()
        this.isRedelivered = backlog.isRedelivered
        view.offset = placeOf(index, view.offset)
      }
      return result
    }
    return 'empty'
  }

  peek(view: RecordView): TakeResult {
    for (let count = 0; count < this.#ranked.length; count++) {
      const { index, backlog } = this.#next(count)
      if (backlog.readyCount === 0) continue
      const result = backlog.peek(view)
      if (result === 'empty') continue
      if (result === 'record') view.offset = placeOf(index, view.offset)
      return result
    }
    return 'empty'
  }

  remove(place: number): void {
    this.#at(place).remove(offsetIn(place))
  }

  requeue(place: number): void {
    this.#at(place).requeue(offsetIn(place))
  }

  delay(place: number): void {
    this.#at(place).delay(offsetIn(place))
  }

  holdBack(place: number): void {
    this.#at(place).holdBack(offsetIn(place))
  }

  wake(place: number): void {
    this.#at(place).wake(offsetIn(place))
  }

  dropDelayed(place: number): void {
    this.#at(place).dropDelayed(offsetIn(place))
  }

  note(place: number, note: CursorNote): void {
    this.#at(place).note(offsetIn(place), note)
  }

  returnCountOf(place: number): number {
    return this.#at(place).returnCountOf(offsetIn(place))
  }

  *notes(): Generator<NotedMessage> {
    for (const { index, backlog } of this.#levels) {
      for (const noted of backlog.notes()) yield { ...noted, offset: placeOf(index, noted.offset) }
    }
  }

  detach(place: number): void {
    this.#at(place).detach(offsetIn(place))
  }

  detachHead(view: RecordView): void {
    const place = view.offset
    view.offset = offsetIn(place)
    this.#at(place).detachHead(view)
    view.offset = place
    this.#onGone()
  }

  readDetached(place: number, view: RecordView, onReadable: () => void): TakeResult {
    const result = this.#at(place).readDetached(offsetIn(place), view, onReadable)
    if (result === 'record') view.offset = place
    return result
  }

  ackDetached(place: number): void {
    this.#at(place).ackDetached(offsetIn(place))
  }

  purge(): number {
    let count = 0
    for (const { backlog } of this.#levels) count += backlog.purge()
    return count
  }

  close(): void {
    for (const { backlog } of this.#levels) backlog.close()
  }

  settleDeliveredMark(): void {
    for (const { backlog } of this.#levels) backlog.settleDeliveredMark()
  }

  /** The level whose turn it is when `count` others have nothing. */
  #next(count: number): Level {
    const isLowFirst = this.#priorities.isFair && this.#turn === fairTurns - 1
    return this.#ranked[isLowFirst ? this.#ranked.length - 1 - count : count]!
  }

  #onGone(): void {
    this.#turn = (this.#turn + 1) % fairTurns
  }

  #at(place: number): Backlog {
    return this.#levels[logIndexIn(place)]!.backlog
  }

  #find(level: number): Level | undefined {
    for (const known of this.#ranked) if (known.level === level) return known
    return undefined
  }

  #open(level: number): Level {
    const added = this.#add(level, this.#owner.openLog())
    this.#owner.onLevelAdded()
    return added
  }

  #add(level: number, cursor: LogCursor): Level {
    assert(this.#find(level) === undefined, `level ${level} has one log`)
    const backlog = new Backlog(cursor, this.#store, this.#owner)
    const added = { level, index: this.#levels.length, backlog }
    if (this.#countsSizes) added.backlog.countSizes()
    this.#levels.push(added)
    const above = this.#ranked.findIndex((known) => known.level < level)
    this.#ranked.splice(above < 0 ? this.#ranked.length : above, 0, added)
    return added
  }
}
