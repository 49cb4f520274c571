// Reads when messages are due, as many as one request may look at.
import type { Clock } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { jobLimits } from '../../limits/jobs.ts'
import { scheduleLimits } from '../../limits/schedule.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { StateOf } from '../browse/browsed-part.ts'
import { Scan, type Segment, type Visitor } from '../jobs/scan.ts'
import type { Waiting } from './waiting.ts'

interface ReadContext {
  readonly store: LogStore
  readonly clock: Clock
}

/** What a request may still look at. */
export class ReadBudget {
  messages: number
  batches: number = scheduleLimits.batchesMax

  constructor(messages: number = scheduleLimits.readMax) {
    this.messages = messages
  }

  get isSpent(): boolean {
    return this.messages <= 0 || this.batches <= 0
  }
}

/** Tells each message that waits and when it is due; false: the budget was spent before the end. */
export function* readDue(
  waiting: Waiting,
  { store, clock, budget }: ReadContext & { readonly budget: ReadBudget },
  onDue: (dueAt: number, view: RecordView, hasBody: boolean) => void,
): Steps<boolean> {
  const reader = new DueReader(waiting, { clock, budget, onDue })
  return yield* new Scan([waiting.segment], store, reader).run({
    segment: 0,
    offset: waiting.segment.from,
  })
}

interface DueReaderOptions {
  readonly clock: Clock
  readonly budget: ReadBudget
  readonly onDue: (dueAt: number, view: RecordView, hasBody: boolean) => void
}

class DueReader implements Visitor {
  readonly #waiting: Waiting
  readonly #options: DueReaderOptions
  #stateOf!: StateOf
  #lateAt = 0
  #hasLooked = false

  constructor(waiting: Waiting, options: DueReaderOptions) {
    this.#waiting = waiting
    this.#options = options
  }

  mayGoOn(): 'yes' | 'no' {
    return this.#options.budget.isSpent ? 'no' : 'yes'
  }

  begin({ part }: Segment, _index: number, last: number): void {
    const { clock, budget } = this.#options
    this.#stateOf = part.statesIn(0, last, clock.now())
    this.#lateAt = clock.monotonic() + jobLimits.sliceMs
    this.#hasLooked = false
    budget.batches--
  }

  visit(view: RecordView, hasBody: boolean): boolean {
    const { clock, budget, onDue } = this.#options
    const isLate = this.#hasLooked && clock.monotonic() > this.#lateAt
    if (isLate || budget.messages <= 0) return false
    this.#hasLooked = true
    budget.messages--
    if (!this.#waiting.isQueue || this.#stateOf(view.offset) === 'ready') {
      const dueAt = this.#waiting.dueOf(view)
      if (dueAt !== Infinity) onDue(dueAt, view, hasBody)
    }
    return true
  }

  finish(): void {}
}
