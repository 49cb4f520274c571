// What a queue of dead letters has, in groups: why and where messages died, with which exception, how many and
// when. As many messages as one look goes through; the next one goes on from there.
import type { Clock } from '../../lib/clock.ts'
import { deathLimits, jobLimits } from '../../limits/jobs.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { StateOf } from '../browse/browsed-part.ts'
import { deathFactsOf, type DeathKind } from './death-facts.ts'
import type { WorkSegment } from './job-work.ts'
import type { ScanPlace, Segment, Visitor } from './scan.ts'

/** Messages that died in one way. */
export interface DeathGroup extends DeathKind {
  /** The first few of those that they were published with, … */
  readonly routingKeys: string[]
  /** … and whether there are others. */
  hasOtherKeys: boolean
  count: number
  /** Bytes of their bodies. */
  size: number
  /** The earliest and latest death, in milliseconds since the Unix epoch. */
  first: number
  last: number
  /** One of them. */
  readonly example: { readonly partition: number | undefined; readonly offset: number }
}

export interface DeathGroups {
  readonly groups: readonly DeathGroup[]
  readonly looked: number
  /** Of those looked at, how many do not say that they died, or are of groups beyond the limit. */
  readonly others: number
  /** Where the next look begins; undefined: this one came to the end. */
  readonly next: ScanPlace | undefined
}

export class DeathCounter implements Visitor {
  readonly #segments: readonly WorkSegment[]
  readonly #clock: Clock
  readonly #lookedMax: number
  readonly #groups = new Map<string, DeathGroup>()
  #looked = 0
  #others = 0
  #batchCount = 0
  #next: ScanPlace = { segment: 0, offset: 0 }
  #segment!: WorkSegment
  #stateOf!: StateOf
  #lateAt = 0
  #hasLooked = false

  /** `lookedMax`: about how many messages it looks at. */
  constructor(segments: readonly WorkSegment[], clock: Clock, lookedMax: number = Infinity) {
    this.#segments = segments
    this.#clock = clock
    this.#lookedMax = lookedMax
  }

  /** `isWhole`: the scan has come to the end. */
  result(isWhole: boolean): DeathGroups {
    return {
      groups: [...this.#groups.values()].sort((a, b) => b.count - a.count),
      looked: this.#looked,
      others: this.#others,
      next: isWhole ? undefined : this.#next,
    }
  }

  mayGoOn(): 'yes' | 'no' {
    const isEnough =
      this.#batchCount >= jobLimits.previewBatchesMax || this.#looked >= this.#lookedMax
    return isEnough ? 'no' : 'yes'
  }

  begin(_segment: Segment, index: number, last: number): void {
    this.#segment = this.#segments[index]!
    this.#stateOf = this.#segment.part.statesIn(0, last, this.#clock.now())
    this.#lateAt = this.#clock.monotonic() + jobLimits.sliceMs
    this.#hasLooked = false
    this.#batchCount++
  }

  visit(view: RecordView): boolean {
    if (this.#hasLooked && this.#clock.monotonic() > this.#lateAt) return false
    this.#hasLooked = true
    if (this.#stateOf(view.offset) === 'acked') return true
    this.#looked++
    this.#count(view)
    return true
  }

  finish(next: ScanPlace): void {
    this.#next = next
  }

  #count(view: RecordView): void {
    const facts = deathFactsOf(view)
    const group = facts === undefined ? undefined : this.#groupOf(facts, view)
    if (facts === undefined || group === undefined) {
      this.#others++
      return
    }
    const at = facts.time ?? view.timestamp
    group.count++
    group.size += view.bodyEnd - view.bodyStart
    group.first = Math.min(group.first, at)
    group.last = Math.max(group.last, at)
    const { routingKey } = facts
    if (routingKey === undefined || group.routingKeys.includes(routingKey)) return
    if (group.routingKeys.length < deathLimits.keysShownMax) group.routingKeys.push(routingKey)
    else group.hasOtherKeys = true
  }

  /** Undefined for one group too many. */
  #groupOf(kind: DeathKind, { offset }: RecordView): DeathGroup | undefined {
    const { reason, queue, exchange, exceptionType, exception } = kind
    const key = JSON.stringify([reason, queue, exchange, exceptionType, exception])
    const known = this.#groups.get(key)
    if (known !== undefined || this.#groups.size >= deathLimits.groupsMax) return known
    const group: DeathGroup = {
      reason,
      queue,
      exchange,
      exceptionType,
      exception,
      example: { partition: this.#segment.part.partition, offset },
      routingKeys: [],
      hasOtherKeys: false,
      count: 0,
      size: 0,
      first: Infinity,
      last: -Infinity,
    }
    this.#groups.set(key, group)
    return group
  }
}
