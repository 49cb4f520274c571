// Which messages full queues refuse. Messages of one commit come into their queues together, so each
// counts for those behind it.
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Destination } from '../destination.ts'
import type { Incoming } from '../queue/incoming.ts'
import type { Route } from '../route-cache.ts'

const noQueues: readonly Destination[] = []

const nothing: Incoming = { count: 0, size: 0 }

export class QueueRoom {
  /** Of this commit, for queues that may refuse messages. */
  readonly #admitted = new Map<Destination, Incoming>()

  /** The queues of `route` that refuse the message; it counts for the others. Not within an atom. */
  admit(
    { queues, mayRefuse }: Route,
    { bodyStart, bodyEnd }: RecordSource,
  ): readonly Destination[] {
    if (!mayRefuse) return noQueues
    const full: Destination[] = []
    for (const queue of queues) {
      if (!queue.mayRefuse) continue
      const { count, size } = this.#admitted.get(queue) ?? nothing
      const more = { count: count + 1, size: size + bodyEnd - bodyStart }
      if (queue.hasRoomFor(more)) this.#admitted.set(queue, more)
      else full.push(queue)
    }
    return full
  }
}
