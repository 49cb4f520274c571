// One message that is being put into queues, for the traces that follow it.
import type { Ticket } from '../../log/ticket.ts'
import type { Destination } from '../destination.ts'
import type { MessageTrail } from './message-watch.ts'
import { placeOfPut, tracePlaceOf } from './stream-places.ts'
import type { TraceEventKind, TraceSubject } from './trace-event.ts'
import type { Trace, TraceNote } from './trace.ts'

/** A message as one trace knows it. */
export interface TracedMessage {
  readonly trace: Trace
  readonly message: number
}

type Told = Omit<TraceNote, 'at' | 'message' | 'kind'>

export class Trail implements MessageTrail {
  readonly #traced: readonly TracedMessage[]
  readonly #about: TraceSubject
  readonly #now: () => number
  /** Whether it is anywhere: what is noted of a repeat gets durable as well. */
  #isPut = false

  constructor(traced: readonly TracedMessage[], about: TraceSubject, now: () => number) {
    this.#traced = traced
    this.#about = about
    this.#now = now
  }

  onPut(into: Destination, put: () => void): void {
    const place = placeOfPut(into, put)
    if (place === undefined) {
      this.tell('repeated', {
        place: { stream: into.name, partition: undefined, offset: undefined },
      })
      return
    }
    this.#isPut = true
    for (const { trace, message } of this.#traced) {
      trace.follow(place.log.id, place.offset, message)
    }
    this.tell('routed', { place: tracePlaceOf(into, place) })
  }

  onRefused(by: Destination): void {
    this.tell('refused', { place: { stream: by.name, partition: undefined, offset: undefined } })
  }

  onDelayed(): void {
    this.#isPut = true
    this.tell('delayed')
  }

  onTicket(ticket: Ticket | undefined): void {
    if (this.#isPut) ticket?.whenDurable(() => this.tell('durable'))
  }

  tell(kind: TraceEventKind, told: Told = {}): void {
    for (const { trace, message } of this.#traced) {
      trace.add({ at: this.#now(), message, kind, about: this.#about, ...told })
    }
  }
}
