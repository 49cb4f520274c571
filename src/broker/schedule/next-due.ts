// The delayed messages that are due next, of several exchanges, in order. Of a stretch with very many only some
// are looked at: a stretch that is near is short.
import type { Clock } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { scheduleLimits } from '../../limits/schedule.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { type BrowsedMessage, browsedMessage } from '../browse/browsed-message.ts'
import { ReadBudget, readDue } from './read-due.ts'
import type { Waiting } from './waiting.ts'

/** What waits at an exchange. */
export interface WaitingAt extends Waiting {
  readonly vhost: string
  readonly exchange: string
}

export interface NextDue {
  readonly vhost: string
  readonly exchange: string
  readonly dueAt: number
  readonly logId: number
  readonly message: BrowsedMessage
}

export interface NextDuePage {
  readonly messages: readonly NextDue[]
  /** Whether no other message is due before the last of these. */
  readonly isExact: boolean
}

interface NextContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly count: number
}

export function* findNextDue(all: readonly WaitingAt[], context: NextContext): Steps<NextDuePage> {
  const { count, store, clock } = context
  const known = all.filter(({ from }) => from !== -Infinity).sort((a, b) => a.from - b.from)
  const budget = new ReadBudget(scheduleLimits.nextLookedMax)
  let found: NextDue[] = []
  let isExact = true
  for (const waiting of known) {
    const last = found[count - 1]
    if (last !== undefined && last.dueAt < waiting.from) break
    if (budget.isSpent) {
      isExact = false
      break
    }
    const nearest = new Nearest(count, waiting)
    const add = (dueAt: number, view: RecordView, hasBody: boolean): void =>
      nearest.add(dueAt, view, hasBody)
    if (!(yield* readDue(waiting, { store, clock, budget }, add))) isExact = false
    found = [...found, ...nearest.all].sort((a, b) => a.dueAt - b.dueAt).slice(0, count)
  }
  return { messages: found, isExact }
}

/** The first of one stretch; what is not among them is not copied. */
class Nearest {
  readonly all: NextDue[] = []
  readonly #count: number
  readonly #waiting: WaitingAt

  constructor(count: number, waiting: WaitingAt) {
    this.#count = count
    this.#waiting = waiting
  }

  add(dueAt: number, view: RecordView, hasBody: boolean): void {
    const { all } = this
    if (all.length >= this.#count && dueAt >= all.at(-1)!.dueAt) return
    const { vhost, exchange, segment } = this.#waiting
    const sizes = { hasBody, payloadSizeMax: brokerLimits.delayedPayloadSizeMax }
    const message = browsedMessage(view, { partition: undefined, state: undefined }, sizes)
    const next = { vhost, exchange, dueAt, logId: segment.part.log.id, message }
    const at = all.findLastIndex((other) => other.dueAt <= dueAt) + 1
    all.splice(at, 0, next)
    if (all.length > this.#count) all.pop()
  }
}
