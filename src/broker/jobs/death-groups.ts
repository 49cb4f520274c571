// What a queue of dead letters has, in groups: why and where messages died, with which exception, how many and
// when. As many messages as one look goes through; the next one goes on from there.
import type { Clock } from '../../lib/clock.ts'
import { deathLimits, jobLimits } from '../../limits/jobs.ts'
import { findHeader } from '../../record/message/content-header.ts'
import { textOf } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { StateOf } from '../browse/browsed-part.ts'
import { originOf } from './death-origin.ts'
import type { WorkSegment } from './job-work.ts'
import type { ScanPlace, Segment, Visitor } from './scan.ts'

/** Messages that died in one way. */
export interface DeathGroup {
  /** Of the last death; undefined when the broker had no part in it, and only an exception is known. */
  readonly reason: string | undefined
  readonly queue: string | undefined
  /** To which they were published before that. */
  readonly exchange: string | undefined
  /** First line of what a framework says about it. */
  readonly exception: string | undefined
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

/**
 * Headers in which frameworks leave the exception: Spring AMQP, Spring Kafka, Kafka Connect, MassTransit,
 * NServiceBus, and what people call it themselves.
 */
const exceptionHeaders = [
  'x-exception-message',
  'x-exception-stacktrace',
  'kafka_dlt-exception-message',
  '__connect.errors.exception.message',
  'MT-Fault-Message',
  'NServiceBus.ExceptionInfo.Message',
  'x-exception',
  'exception',
  'error',
]

export class DeathCounter implements Visitor {
  readonly #segments: readonly WorkSegment[]
  readonly #clock: Clock
  readonly #groups = new Map<string, DeathGroup>()
  #looked = 0
  #others = 0
  #batchCount = 0
  #next: ScanPlace = { segment: 0, offset: 0 }
  #segment!: WorkSegment
  #stateOf!: StateOf
  #lateAt = 0
  #hasLooked = false

  constructor(segments: readonly WorkSegment[], clock: Clock) {
    this.#segments = segments
    this.#clock = clock
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
    return this.#batchCount < jobLimits.previewBatchesMax ? 'yes' : 'no'
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
    const origin = originOf(view, 'last')
    const exception = exceptionOf(view)
    if (origin === undefined && exception === undefined) {
      this.#others++
      return
    }
    const { reason, queue, exchange } = origin ?? {
      exchange: headerText(view, 'x-original-exchange'),
    }
    const at = origin?.time === undefined ? view.timestamp : origin.time * 1000
    const key = JSON.stringify([reason, queue, exchange, exception])
    const known = this.#groups.get(key)
    const size = view.bodyEnd - view.bodyStart
    if (known !== undefined) {
      known.count++
      known.size += size
      known.first = Math.min(known.first, at)
      known.last = Math.max(known.last, at)
    } else if (this.#groups.size < deathLimits.groupsMax) {
      const example = { partition: this.#segment.part.partition, offset: view.offset }
      const what = { reason, queue, exchange, exception, example }
      this.#groups.set(key, { ...what, count: 1, size, first: at, last: at })
    } else this.#others++
  }
}

function exceptionOf(view: RecordView): string | undefined {
  for (const name of exceptionHeaders) {
    const text = headerText(view, name)
    if (text === undefined) continue
    return text.trimStart().split(/\r?\n/, 1)[0]!.slice(0, deathLimits.exceptionLengthMax)
  }
  return undefined
}

function headerText(
  { buffer, headerStart, headerEnd }: RecordView,
  name: string,
): string | undefined {
  return textOf(findHeader(buffer, headerStart, headerEnd, name))
}
