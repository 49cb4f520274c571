// Fires or cancels many delayed messages of one exchange: those at some places, those that a filter finds, or
// all. As many as one request may; the next one goes on from there, and finds what moves to another bucket
// meanwhile, which never begins earlier. Each message is an atom, as when it leaves by itself.
import type { Clock } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { jobLimits } from '../../limits/jobs.ts'
import { logLimits } from '../../limits/log.ts'
import { scheduleLimits } from '../../limits/schedule.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import { readDue } from '../../record/message/delays.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { MessageFilter } from '../browse/message-filter.ts'
import type { MessageDelay } from '../exchange/message-delay.ts'
import { Scan, type ScanPlace, type Segment, type Visitor } from '../jobs/scan.ts'
import { type DelayedPlace, segmentOf, stretchesOf } from './browse-delayed.ts'

export interface EndAsked {
  /** Only these; left out, all. */
  readonly places?: readonly { readonly logId: number; readonly offset: number }[] | undefined
  readonly filter?: MessageFilter | undefined
  /** Only what is due before. */
  readonly dueBefore?: number | undefined
  /** They go on now; else they are gone. */
  readonly goesOn: boolean
  /** They are only counted. */
  readonly isDry: boolean
  readonly after: DelayedPlace | undefined
}

export interface EndedSeveral {
  readonly looked: number
  readonly ended: number
  /** Undefined: all has been looked at. */
  readonly next: DelayedPlace | undefined
  /** Of the last of them. */
  readonly ticket: Ticket | undefined
}

interface EndContext {
  readonly store: LogStore
  readonly clock: Clock
}

export function* endSeveral(
  delay: MessageDelay,
  asked: EndAsked,
  context: EndContext,
): Steps<EndedSeveral> {
  const { after, places } = asked
  const stretches = stretchesOf(delay).filter(({ start, cursor }) => {
    const isBefore =
      after !== undefined &&
      (start < after.start || (start === after.start && cursor.log.id < after.logId))
    return start !== -Infinity && !isBefore && start < (asked.dueBefore ?? Infinity)
  })
  const cursors = stretches.map(({ cursor }) => cursor)
  const segments = cursors.map((cursor, index) => {
    const segment = segmentOf(cursor, index)
    return places === undefined ? segment : { ...segment, next: nextOf(places, cursor) }
  })
  const ending = new EndingSeveral(delay, cursors, asked, context)
  const isFirst = after !== undefined && cursors[0]?.log.id === after.logId
  const scan = new Scan(segments, context.store, ending)
  const isWhole = yield* scan.run({ segment: 0, offset: isFirst ? after.offset : 0 })
  const { looked, ended, ticket, place } = ending
  const reached = stretches[place.segment]
  if (isWhole || reached === undefined) return { looked, ended, ticket, next: undefined }
  const next = { start: reached.start, logId: reached.cursor.log.id, offset: place.offset }
  return { looked, ended, ticket, next }
}

class EndingSeveral implements Visitor {
  looked = 0
  ended = 0
  ticket: Ticket | undefined
  place: ScanPlace = { segment: 0, offset: 0 }
  readonly #delay: MessageDelay
  readonly #cursors: readonly LogCursor[]
  readonly #asked: EndAsked
  readonly #context: EndContext
  #cursor!: LogCursor
  #lateAt = 0
  #batchLooked = 0
  #batchEnded = 0
  #batchCount = 0

  constructor(
    delay: MessageDelay,
    cursors: readonly LogCursor[],
    asked: EndAsked,
    context: EndContext,
  ) {
    this.#delay = delay
    this.#cursors = cursors
    this.#asked = asked
    this.#context = context
  }

  mayGoOn(): 'yes' | 'no' | Promise<void> {
    const { endedAtOnceMax, lookedAtOnceMax, batchesMax } = scheduleLimits
    const { ticket } = this
    const { store } = this.#context
    if (ticket?.isDurable === false && store.uncommittedSize >= logLimits.uncommittedSizeMax) {
      return new Promise((resolve) => ticket.whenDurable(resolve))
    }
    const isEnough =
      this.ended >= endedAtOnceMax ||
      this.looked >= lookedAtOnceMax ||
      this.#batchCount >= batchesMax
    return isEnough ? 'no' : 'yes'
  }

  begin(_segment: Segment, index: number): void {
    const { clock } = this.#context
    this.#cursor = this.#cursors[index]!
    this.#lateAt = clock.monotonic() + jobLimits.sliceMs
    this.#batchLooked = 0
    this.#batchEnded = 0
    this.#batchCount++
  }

  visit(view: RecordView, hasBody: boolean): boolean {
    const { clock } = this.#context
    const isLate = this.#batchLooked > 0 && clock.monotonic() > this.#lateAt
    if (isLate || this.#batchEnded >= scheduleLimits.endedPerBatchMax) return false
    this.#batchLooked++
    this.looked++
    if (!this.#fits(view, hasBody)) return true
    if (this.#asked.isDry || this.#end(view)) {
      this.ended++
      this.#batchEnded++
    }
    return true
  }

  finish(next: ScanPlace): void {
    this.place = next
  }

  #end(view: RecordView): boolean {
    const { store } = this.#context
    store.beginAtom()
    const isEnded = this.#delay.end(
      this.#cursor,
      view.offset,
      this.#asked.goesOn ? view : undefined,
    )
    this.ticket = store.endAtom() ?? this.ticket
    return isEnded
  }

  #fits(view: RecordView, hasBody: boolean): boolean {
    const { filter, dueBefore } = this.#asked
    if (dueBefore !== undefined && readDue(view.buffer, view.headerStart) >= dueBefore) return false
    return filter?.({ view, hasBody, state: undefined }) !== false
  }
}

function nextOf(
  places: readonly { readonly logId: number; readonly offset: number }[],
  { log }: LogCursor,
): (offset: number) => number {
  const here = places.filter(({ logId }) => logId === log.id).map(({ offset }) => offset)
  here.sort((a, b) => a - b)
  return (offset) => here.find((wanted) => wanted >= offset) ?? Infinity
}
