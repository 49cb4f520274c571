// Queues of sessions that have ended, until what came to them by shared subscriptions is with the others who share it.
// That takes turns of the event loop where messages have to be read from the disk.
//
// Invariant: nobody else gets a queue that is leaving, and when it is done it is deleted; a row says so until then, so that a
// restart goes on with it.
import type { Clock } from '../../lib/clock.ts'
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { publishQosOf } from '../../record/message/published-topic.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { BrokerError } from '../broker-error.ts'
import type { Queue } from '../queue/queue.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import type { OwnSubscription } from './own-subscriptions.ts'
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

  /** An earlier process has not given all of it back: `giveBack` is to follow. */
  expect(name: string): void {
    this.#names.add(name)
  }

  /**
   * What came by a shared subscription is for the others who share it, but for what was sent to the session with QoS 2
   * (`exact` has the names of such subscriptions): nobody else may be sent that [MQTT-4.8.2-5], so it dies. The rest
   * goes with the queue.
   */
  giveBack(place: SessionPlace, queue: Queue, exact: ReadonlySet<string> = none): void {
    const { clock, groups } = this.#context
    // Nobody resumes it any more.
    queue.pausedAt = 0
    const view = new RecordView()
    for (let count = 0; groups.isUsed; count++) {
      const result = queue.isDeleted ? 'empty' : queue.take(view)
      if (result === 'empty') break
      if (result === 'record') this.#giveOne(queue, view, exact)
      if (result === 'record' && count < sessionLimits.givenBackPerTurnMax) continue
      this.#names.add(queue.name)
      const goOn = (): void => this.giveBack(place, queue, exact)
      if (result === 'wait') queue.whenReadable(goOn)
      else clock.atEndOfTurn(goOn)
      return
    }
    this.#context.deleteQueue(queue)
    this.finish(place, queue.name)
  }

  /** The queue is gone. */
  finish(place: SessionPlace, name: string): void {
    const { rows, store } = this.#context
    this.#names.delete(name)
    store.beginAtom()
    rows.dropLeaving(place, name)
    store.endAtom()
  }

  #giveOne(queue: Queue, view: RecordView, exact: ReadonlySet<string>): void {
    const { exchange } = decodeAddress(view.buffer, view.addressStart)
    const isSent = queue.isRedelivered && exact.has(exchange)
    this.#giveOrEnd(view, { exchange, isSent }, (reason) => queue.settle(view.offset, reason))
  }

  /** A message that its session may not have any more, and may have been sent. */
  giveForbidden(view: RecordView, isSent: boolean, settle: (reason: SettleReason) => void): void {
    const { exchange } = decodeAddress(view.buffer, view.addressStart)
    if (this.#context.groups.find(exchange) === undefined) settle('reject')
    else this.#giveOrEnd(view, { exchange, isSent }, settle)
  }

  /** `exchange` is that of its address, which names its group. */
  #giveOrEnd(
    view: RecordView,
    { exchange, isSent }: { readonly exchange: string; readonly isSent: boolean },
    settle: (reason: SettleReason) => void,
  ): void {
    const { store, clock, groups, exchange: published } = this.#context
    if (isSent && publishQosOf(view) === 2) {
      settle('reject')
      return
    }
    store.beginAtom()
    groups.find(exchange)?.takeBack(view, published, clock.now())
    settle('ack')
    store.endAtom()
  }
}

const none: ReadonlySet<string> = new Set()

/** The names of the shared subscriptions whose messages the session was sent with QoS 2, if they were published so. */
export function exactSharesOf(subscriptions: Iterable<OwnSubscription>): ReadonlySet<string> {
  const exact = new Set<string>()
  for (const { text, share, options } of subscriptions) {
    if (share !== undefined && options.qos === 2) exact.add(text)
  }
  return exact
}
