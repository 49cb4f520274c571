// Puts messages into the queues of their routes. After `publish` the field says where the message
// stands: one object per channel instead of a result object per message.
import { logLimits } from '../limits/log.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { Route } from './route-cache.ts'

export class Publisher {
  /** Says when the last message is durable; undefined when nothing of it will be. */
  ticket: Ticket | undefined
  readonly #store: LogStore

  constructor(store: LogStore) {
    this.#store = store
  }

  /** Appends the message to every queue of the route, as one atom. */
  publish(route: Route, source: RecordSource): void {
    if (route.durableCount === 0) {
      this.ticket = undefined
      append(route, source, -1)
      return
    }
    this.#store.beginAtom()
    this.publishWithinAtom(route, source)
    this.ticket = this.#store.endAtom()
  }

  /** Appends within an atom that the caller began (a transaction). */
  publishWithinAtom(route: Route, source: RecordSource): void {
    append(route, source, this.#share(route, source))
  }

  /** A body that several logs need is stored once. */
  #share({ durableCount }: Route, { body, bodyStart, bodyEnd, asideId }: RecordSource): number {
    const isShared =
      durableCount > 1 && bodyEnd - bodyStart >= logLimits.sharedBodySizeMin && asideId === 0
    return isShared ? this.#store.shareBody(body, bodyStart, bodyEnd) : -1
  }
}

function append(route: Route, source: RecordSource, sharedPosition: number): void {
  const { queues, exchange } = route
  exchange.publishedIn++
  exchange.publishedOut += queues.length
  for (let index = 0; index < queues.length; index++) {
    const queue = queues[index]!
    queue.publish(source, queue.isVolatile ? -1 : sharedPosition)
  }
}
