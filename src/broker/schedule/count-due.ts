// How many messages are due when: in bars of one width. Few messages are read; many are spread evenly over the
// stretch of time in which their log says that they are due.
import type { Clock } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import type { LogStore } from '../../log/log-store.ts'
import { ReadBudget, readDue } from './read-due.ts'
import type { Waiting } from './waiting.ts'

/** Bars of `binMs` each, the first of which begins at `from`. */
export interface BinsAsked {
  readonly from: number
  readonly binMs: number
  readonly count: number
}

export class DueBins {
  readonly bins: number[]
  /** Due before the first bar. */
  overdue = 0
  /** Due after the last one. */
  later = 0
  /** Of which it is not known when they are due: nobody has looked at them since the start. */
  unknown = 0
  /** Whether each message is in its own bar. */
  isExact = true
  readonly #asked: BinsAsked

  constructor(asked: BinsAsked) {
    this.#asked = asked
    this.bins = Array.from({ length: asked.count }, () => 0)
  }

  add(dueAt: number, count: number): void {
    const index = this.#indexOf(dueAt)
    if (index < 0) this.overdue += count
    else if (index >= this.bins.length) this.later += count
    else this.bins[index]! += count
  }

  /** Whether all from … to are in one bar, or beyond all. */
  isOneBin(from: number, to: number): boolean {
    const clamp = (index: number): number => Math.min(Math.max(index, -1), this.bins.length)
    return clamp(this.#indexOf(from)) === clamp(this.#indexOf(to - 1))
  }

  /** Evenly, in whole messages. */
  spread(from: number, to: number, count: number): void {
    this.isExact = false
    const { from: start, binMs } = this.#asked
    const part = (time: number): number => {
      return Math.round((count * Math.min(Math.max(time - from, 0), to - from)) / (to - from))
    }
    let done = part(start)
    this.overdue += done
    for (let index = 0; index < this.bins.length; index++) {
      const reached = part(start + (index + 1) * binMs)
      this.bins[index]! += reached - done
      done = reached
    }
    this.later += count - done
  }

  #indexOf(time: number): number {
    return Math.floor((time - this.#asked.from) / this.#asked.binMs)
  }
}

interface CountContext {
  readonly store: LogStore
  readonly clock: Clock
  /** What all bars of one request may read. */
  readonly budget: ReadBudget
}

/** Adds what waits to bars. */
export function* countDue(
  waits: Iterable<Waiting>,
  bins: DueBins,
  context: CountContext,
): Steps<void> {
  for (const waiting of waits) {
    yield
    yield* addTo(bins, waiting, context)
  }
}

function* addTo(bins: DueBins, waiting: Waiting, context: CountContext): Steps<void> {
  const { from, count, isQueue } = waiting
  if (count === 0) return
  if (from === -Infinity) {
    bins.unknown += count
    return
  }
  if (!isQueue && bins.isOneBin(from, waiting.to)) {
    bins.add(from, count)
    return
  }
  if (count <= context.budget.messages) {
    const found: number[] = []
    if (yield* readDue(waiting, context, (dueAt) => found.push(dueAt))) {
      for (const dueAt of found) bins.add(dueAt, 1)
      return
    }
  }
  const to = isQueue ? yield* endOf(waiting, context) : waiting.to
  if (to <= from) bins.add(from, count)
  else bins.spread(from, to, count)
}

/** When the last message of a queue is due. */
function* endOf(waiting: Waiting, { store, clock }: CountContext): Steps<number> {
  const { segment } = waiting
  const last = {
    ...waiting,
    segment: { ...segment, from: Math.max(segment.from, segment.end - 1) },
  }
  let to = waiting.from
  yield* readDue(last, { store, clock, budget: new ReadBudget(1) }, (dueAt) => (to = dueAt))
  return to
}
