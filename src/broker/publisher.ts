// Puts messages into the queues of their routes. After `publish` the fields say where the message
// stands: one object per channel instead of a result object per message.
import { logLimits } from '../limits/log.ts'
import type { Commit } from '../log/commit.ts'
import type { LogStore } from '../log/log-store.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { Route } from './route-cache.ts'

export class Publisher {
  /** The ticket that makes the last message durable; undefined when nothing of it is. */
  ticket: Commit | undefined
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
    this.ticket = this.#store.beginAtom()
    append(route, source, this.#share(route, source))
    this.#store.endAtom()
  }

  /** Appends within an atom that the caller began (a transaction). */
  publishWithinAtom(route: Route, source: RecordSource, ticket: Commit): void {
    this.ticket = ticket
    append(route, source, this.#share(route, source))
  }

  /** A body that several logs need is stored once. */
  #share(route: Route, source: RecordSource): number {
    const bodySize = source.bodyEnd - source.bodyStart
    const isShared =
      route.durableCount > 1 && bodySize >= logLimits.sharedBodySizeMin && source.asideId === 0
    if (!isShared) return -1
    const ticket = this.ticket as Commit
    ticket.size += bodySize
    return ticket.sharedBodies().add(source.body, source.bodyStart, source.bodyEnd)
  }
}

function append(route: Route, source: RecordSource, sharedPosition: number): void {
  const { queues } = route
  for (let index = 0; index < queues.length; index++) {
    const queue = queues[index]!
    queue.publish(source, queue.isVolatile ? -1 : sharedPosition)
  }
}
