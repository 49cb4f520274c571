// Queues of sessions that have ended, until what came to them by shared subscriptions is with the others who share it.
// That takes turns of the event loop where messages have to be read from the disk.
//
// Invariant: nobody else gets a queue that is leaving, and when it is done it is deleted; a row says so until then, so that a
// restart goes on with it.
import type { Clock } from '../../lib/clock.ts'
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { BrokerError } from '../broker-error.ts'
import type { Queue } from '../queue/queue.ts'
import { sessionQueueNames } from './session-queue-names.ts'
import type { SessionPlace, SessionRows } from './session-rows.ts'
import type { SharedGroups } from './shared-groups.ts'

export interface LeavingQueuesContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly rows: SessionRows
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
  giveBack(place: SessionPlace, queue: Queue): void {
    const { clock, groups, store, rows } = this.#context
    const view = new RecordView()
    for (let count = 0; groups.isUsed; count++) {
      const result = queue.isDeleted ? 'empty' : queue.take(view)
      if (result === 'empty') break
      if (result === 'record') this.#giveOne(queue, view)
      if (result === 'record' && count < sessionLimits.givenBackPerTurnMax) continue
      this.#names.add(queue.name)
      const goOn = (): void => this.giveBack(place, queue)
      if (result === 'wait') queue.whenReadable(goOn)
      else clock.atEndOfTurn(goOn)
      return
    }
    this.#names.delete(queue.name)
    this.#context.deleteQueue(queue)
    store.beginAtom()
    rows.dropLeaving(place, queue.name)
    store.endAtom()
  }

  #giveOne(queue: Queue, view: RecordView): void {
    const { store, groups, exchange: published } = this.#context
    const { exchange } = decodeAddress(view.buffer, view.addressStart)
    store.beginAtom()
    groups.find(exchange)?.takeBack(view, published)
    queue.settle(view.offset, 'ack')
    store.endAtom()
  }
}
