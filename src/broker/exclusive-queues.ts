// Queues that belong to a connection and go with it.
import type { ConnectionToken, Queue } from './queue/queue.ts'

export class ExclusiveQueues {
  readonly #byOwner = new Map<ConnectionToken, Set<Queue>>()

  /** Notes a queue that has an owner; others are none of its business. */
  add(queue: Queue): void {
    if (queue.owner === undefined) return
    const owned = this.#byOwner.get(queue.owner)
    if (owned === undefined) this.#byOwner.set(queue.owner, new Set([queue]))
    else owned.add(queue)
  }

  remove(queue: Queue): void {
    if (queue.owner !== undefined) this.#byOwner.get(queue.owner)?.delete(queue)
  }

  /** Those of a connection that is gone. */
  take(owner: ConnectionToken): Iterable<Queue> {
    const owned = this.#byOwner.get(owner)
    this.#byOwner.delete(owner)
    return owned ?? []
  }
}
