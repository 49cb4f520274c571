// What a job would do, without doing it: as many messages as one look goes through.
import type { Clock } from '../../lib/clock.ts'
import { jobLimits } from '../../limits/jobs.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { type BrowsedMessage, browsedMessage } from '../browse/browsed-message.ts'
import type { StateOf } from '../browse/browsed-part.ts'
import type { MessageFilter } from '../browse/message-filter.ts'
import type { WorkSegment } from './job-work.ts'
import { countSkips, type SkipCount } from './job.ts'
import { type MessageSender, reasonOf } from './message-sender.ts'
import type { ScanPlace, Segment, Visitor } from './scan.ts'

export interface PreviewResult {
  /** Messages that were looked at, … */
  readonly looked: number
  /** … those that would go, and bytes of their bodies. */
  readonly count: number
  readonly size: number
  /** The first of them. */
  readonly first: readonly BrowsedMessage[]
  /** How many would come into each queue; those beyond the first hundred are not named. */
  readonly targets: ReadonlyMap<string, number>
  readonly skipped: readonly SkipCount[]
  /** Whether all was looked at: else it is a sample from the beginning. */
  readonly isWhole: boolean
}

interface PreviewOptions {
  readonly segments: readonly WorkSegment[]
  readonly filter: MessageFilter | undefined
  readonly sender: MessageSender | undefined
  readonly clock: Clock
}

export class Preview implements Visitor {
  readonly #options: PreviewOptions
  readonly #first: BrowsedMessage[] = []
  readonly #targets = new Map<string, number>()
  #skipped: readonly SkipCount[] = []
  #looked = 0
  #count = 0
  #size = 0
  #batchCount = 0
  #segment!: WorkSegment
  #stateOf!: StateOf
  #lateAt = 0
  #hasLooked = false

  constructor(options: PreviewOptions) {
    this.#options = options
  }

  get result(): Omit<PreviewResult, 'isWhole'> {
    return {
      looked: this.#looked,
      count: this.#count,
      size: this.#size,
      first: this.#first,
      targets: this.#targets,
      skipped: this.#skipped,
    }
  }

  mayGoOn(): 'yes' | 'no' {
    return this.#batchCount < jobLimits.previewBatchesMax ? 'yes' : 'no'
  }

  begin(_segment: Segment, index: number, last: number): void {
    const { segments, clock } = this.#options
    this.#segment = segments[index]!
    this.#stateOf = this.#segment.part.statesIn(0, last, clock.now())
    this.#lateAt = clock.monotonic() + jobLimits.sliceMs
    this.#batchCount++
    this.#hasLooked = false
  }

  visit(view: RecordView, hasBody: boolean): boolean {
    const { filter, clock } = this.#options
    if (this.#hasLooked && clock.monotonic() > this.#lateAt) return false
    this.#hasLooked = true
    const state = this.#stateOf(view.offset)
    if (state !== undefined && state !== 'ready') return true
    this.#looked++
    if (filter?.({ view, hasBody, state }) !== false) this.#take(view, hasBody)
    return true
  }

  finish(_next: ScanPlace): void {}

  #take(view: RecordView, hasBody: boolean): void {
    const { queue, part, former } = this.#segment
    try {
      const outgoing = this.#options.sender?.prepare(view, queue, former)
      for (const { name } of outgoing?.route.queues ?? []) this.#countTarget(name)
    } catch (error) {
      this.#skipped = countSkips(this.#skipped, [reasonOf(error)])
      return
    }
    this.#count++
    this.#size += view.bodyEnd - view.bodyStart
    if (this.#first.length === jobLimits.previewShownMax) return
    const place = { partition: part.partition, state: this.#stateOf(view.offset) }
    const { previewPayloadSizeMax: payloadSizeMax } = jobLimits
    this.#first.push(browsedMessage(view, place, { hasBody, payloadSizeMax }))
  }

  #countTarget(name: string): void {
    const count = this.#targets.get(name)
    if (count === undefined && this.#targets.size === jobLimits.previewTargetsMax) return
    this.#targets.set(name, (count ?? 0) + 1)
  }
}
