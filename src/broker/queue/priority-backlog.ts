// The messages of a queue with priorities: a backlog for each level that a message has ever had, each with
// a log of its own. Within a level messages keep their order, whatever happens to the others.
import { assert } from '../../lib/assert.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { Backlog } from './backlog.ts'
import { placeOf } from './message-place.ts'
import { levelOf, type Priorities } from './priorities.ts'
import type {
  BacklogOwner,
  CountedLog,
  LevelCursor,
  QueueBacklog,
  TakeResult,
} from './queue-backlog.ts'
import { SeveralBacklogs } from './several-backlogs.ts'

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

export class PriorityBacklog extends SeveralBacklogs<Level> implements QueueBacklog {
  isRedelivered = false
  readonly #priorities: Priorities
  readonly #store: LogStore
  readonly #owner: PriorityBacklogOwner
  /** Highest first. */
  readonly #ranked: Level[]
  #countsSizes = false
  /** How many messages have gone, in fair turns. */
  #turn = 0

  constructor({ priorities, store, owner, levels }: PriorityBacklogOptions) {
    const [lowest, ...others] = levels as [LevelCursor, ...LevelCursor[]]
    const first = { level: 0, index: 0, backlog: new Backlog(lowest.cursor, store, owner) }
    // By index, which is their order of creation. As a rule there is one: arrays that grow take more room.
    super([first])
    this.#priorities = priorities
    this.#store = store
    this.#owner = owner
    this.#ranked = [first]
    for (const { level, cursor } of others) this.#add(level, cursor)
  }

  get levels(): readonly LevelCursor[] {
    return this.lanes.map(({ level, backlog }) => ({ level, cursor: backlog.cursor }))
  }

  get levelCount(): number {
    return this.lanes.length
  }

  get isWaiting(): boolean {
    for (let count = 0; count < this.#ranked.length; count++) {
      const { backlog } = this.#next(count)
      if (backlog.readyCount > 0) return backlog.isWaiting
    }
    return false
  }

  countSizes(): readonly CountedLog[] {
    this.#countsSizes = true
    return this.lanes.flatMap(({ backlog }) => backlog.countSizes())
  }

  forgetSizes(): void {
    this.#countsSizes = false
    for (const { backlog } of this.lanes) backlog.forgetSizes()
  }

  append(source: RecordSource, sharedPosition: number, isAwaited: boolean): void {
    const level = levelOf(this.#priorities, source)
    const { backlog } = this.#find(level) ?? this.#open(level)
    backlog.append(source, sharedPosition, isAwaited)
  }

  take(view: RecordView): TakeResult {
    for (let count = 0; count < this.#ranked.length; count++) {
      const { index, backlog } = this.#next(count)
      if (backlog.readyCount === 0) continue
      const result = backlog.take(view)
      // Damage may have left nothing of what was counted.
      if (result === 'empty') continue
      if (result === 'record') {
        this.onGone()
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

  /** The level whose turn it is when `count` others have nothing. */
  #next(count: number): Level {
    const isLowFirst = this.#priorities.isFair && this.#turn === fairTurns - 1
    return this.#ranked[isLowFirst ? this.#ranked.length - 1 - count : count]!
  }

  protected onGone(): void {
    this.#turn = (this.#turn + 1) % fairTurns
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
    const added = { level, index: this.lanes.length, backlog }
    if (this.#countsSizes) added.backlog.countSizes()
    this.lanes.push(added)
    const above = this.#ranked.findIndex((known) => known.level < level)
    this.#ranked.splice(above < 0 ? this.#ranked.length : above, 0, added)
    return added
  }
}
