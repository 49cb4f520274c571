// What one caller sees of a trace: streams and exchanges that it may read, and what it has published itself;
// monitoring sees all. All else leaves no mark, or a filter would tell what is in messages that the caller may
// not read: events and messages are numbered as if there were no others.
import type { TraceEvent } from '../../broker/trace/trace-event.ts'
import type { Trace } from '../../broker/trace/trace.ts'
import type { Caller } from '../api/caller.ts'

export class TraceView {
  readonly trace: Trace
  readonly #caller: Caller
  readonly #events: TraceEvent[] = []
  /** Messages by their number in the trace. */
  readonly #messages = new Map<number, number>()
  #lookedCount = 0

  constructor(caller: Caller, trace: Trace) {
    this.#caller = caller
    this.trace = trace
  }

  /** Those there are now. */
  get events(): readonly TraceEvent[] {
    const { events } = this.trace
    if (this.#caller.hasTag('monitoring')) return events
    for (; this.#lookedCount < events.length; this.#lookedCount++) {
      const event = events[this.#lookedCount]!
      if (!maySee(this.#caller, this.trace, event)) continue
      const message = this.#messages.get(event.message) ?? this.#messages.size + 1
      this.#messages.set(event.message, message)
      this.#events.push({ ...event, sequence: this.#events.length + 1, message })
    }
    return this.#events
  }
}

function maySee(caller: Caller, { facts }: Trace, event: TraceEvent): boolean {
  const rights = caller.rightsIn(facts.vhost)
  if (event.place !== undefined) return rights.may('read', event.place.stream)
  const { place, exchange, party } = event.about ?? event
  if (party?.user === caller.principal.user) return true
  if (place !== undefined) return rights.may('read', place.stream)
  return exchange !== undefined && rights.may('read', exchange)
}
