import type { LogStore } from '../../log/log-store.ts'
// Queues of sessions that have ended, until what came to them by shared subscriptions is with the others who share it.
// That takes turns of the event loop where messages have to be read from the disk.
//
// Invariant: nobody else gets a queue that is leaving, and when it is done it is deleted.
import { decodeAddress } from '../../record/message/address.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { BrokerError } from '../broker-error.ts'
import type { Queue } from '../queue/queue.ts'
import { sessionQueueNames } from './session-queue-names.ts'
import type { SharedGroups } from './shared-groups.ts'

export interface LeavingQueuesContext {
  readonly store: LogStore
  readonly groups: SharedGroups
  /** Where messages by topic were published to. */
  readonly exchange: string
  hasQueue(name: string): boolean
  deleteQueue(queue: Queue): void
}

export class LeavingQueues {
  readonly #context: LeavingQueuesContext
  readonly #names = new Set<string>()

  constructor(context: LeavingQueuesContext) {
    this.#context = context
  }

  /** What the queue of a session is called, or is to be. Throws `resource_exhausted` while too many of it leave. */
  nameFor(clientId: string): string {
    const free = sessionQueueNames(clientId).filter((name) => !this.#names.has(name))
    const name = free.find((each) => this.#context.hasQueue(each)) ?? free[0]
    if (name !== undefined) return name
    throw new BrokerError(
      'resource_exhausted',
      `earlier sessions of '${clientId}' are still ending`,
    )
  }

  /** What came by a shared subscription is for the others who share it; the rest goes with the queue. */
  giveBack(queue: Queue): void {
    const { store, groups, exchange: published } = this.#context
    const view = new RecordView()
    for (;;) {
      const result = queue.isDeleted || !groups.isUsed ? 'empty' : queue.take(view)
      if (result === 'wait') {
        this.#names.add(queue.name)
        queue.whenReadable(() => this.giveBack(queue))
        return
      }
      if (result === 'empty') break
      const { exchange } = decodeAddress(view.buffer, view.addressStart)
      store.beginAtom()
      groups.find(exchange)?.takeBack(view, published)
      queue.settle(view.offset, 'ack')
      store.endAtom()
    }
    this.#names.delete(queue.name)
    this.#context.deleteQueue(queue)
  }
}
