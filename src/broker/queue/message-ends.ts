// How messages of a queue end, also otherwise than by an ack: they expire, a limit has no room for them, a consumer
// rejects them, or they come back too often; and which may not go out yet. Each part is made when it is
// needed, as in most of many queues nothing ends or waits by itself.
import { brokerLimits } from '../../limits/broker.ts'
import { readDeliverAt } from '../../record/message/deliver-at.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { PresentIds } from '../deduplication/present-ids.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { WatchedStream } from '../trace/message-watch.ts'
import { DeadLetters } from './dead-letters.ts'
import { Departures } from './departures.ts'
import { hasExpiration } from './expiry.ts'
import { HeldMessages } from './held-messages.ts'
import { KeyOrder } from './key-order.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { QueueContextOf } from './queue-context.ts'
import { hasDepartures, type QueueSettings } from './queue-settings.ts'
import { type ReturnReason, Returns } from './returns.ts'

/** The queue, as this asks and tells it. */
export interface EndingQueue extends WatchedStream {
  readonly type: QueueType
  readonly settings: QueueSettings
  /** What its messages come from as well. */
  readonly source: object | undefined
  /** When acked messages were brought back last; 0 for never. */
  readonly rewoundAt: number
  /** Delivers what consumers have room for. */
  deliverReady(): void
  /** The head stays after others have left: it may be delivered. */
  onHeadStays(): void
  /** Messages that waited for their next try are ready. */
  onReadable(): void
  /** Only of queues that deduplicate. */
  readonly presentIds: Pick<PresentIds, 'free'> | undefined
}

export class MessageEnds<Q extends EndingQueue> {
  readonly #queue: Q
  readonly #backlog: QueueBacklog
  readonly #context: QueueContextOf<Q>
  #departures: Departures | undefined
  #returns: Returns | undefined
  #held: HeldMessages | undefined
  #keyOrder: KeyOrder | undefined
  #deadLetters: DeadLetters | undefined
  #hasGivenUp = false

  constructor(queue: Q, backlog: QueueBacklog, context: QueueContextOf<Q>) {
    this.#queue = queue
    this.#backlog = backlog
    this.#context = context
    // Nobody looks at a topic's records when they come.
    const isRestored = backlog.messageCount > 0 || queue.source !== undefined
    if (isRestored || hasDepartures(queue.settings)) this.#openDepartures(isRestored)
    if (queue.settings.isOrderedByKey) this.#keyOrder = new KeyOrder(backlog)
    if (!backlog.hasNotes) return
    this.#returns = this.#openReturns()
    // In order, each is looked at when it is its turn.
    if (this.#keyOrder === undefined) this.#returns.holdNoted()
  }

  /** Dead letters that found no queue and are kept, … */
  get keptCount(): number {
    return this.#deadLetters?.keptCount ?? 0
  }

  /** … and the bytes of their bodies. */
  get keptSize(): number {
    return this.#deadLetters?.keptSize ?? 0
  }

  /** See `Expiry.nextAt`. */
  get nextExpiryAt(): number {
    return this.#departures?.nextExpiryAt ?? Infinity
  }

  /** Whether anything in the queue may expire. */
  get mayExpire(): boolean {
    return this.#departures?.mayExpire === true
  }

  /** Undefined before there was one. */
  get deadLetters(): DeadLetters | undefined {
    return this.#deadLetters
  }

  /** Whether so many messages wait for a time or for others that no further ones should be taken. */
  get holdsTooMany(): boolean {
    if (this.#held === undefined && this.#keyOrder === undefined) return false
    return this.#backlog.delayedCount >= brokerLimits.delayedRetriesMax
  }

  /** How often the message at `offset` came back, where that is counted. */
  returnCountOf(offset: number): number {
    return this.#returns?.countOf(offset) ?? 0
  }

  /** `queue.settings` are others from now on. */
  onSettings(): void {
    const { settings } = this.#queue
    this.#deadLetters?.retryKept()
    if (this.#departures !== undefined) this.#departures.applySettings(settings)
    else if (hasDepartures(settings)) this.#openDepartures(false)
    if (settings.isOrderedByKey) this.#keyOrder ??= new KeyOrder(this.#backlog)
    else if (this.#keyOrder !== undefined) {
      this.#keyOrder.release()
      this.#keyOrder = undefined
      this.#queue.onReadable()
    }
    this.look()
  }

  /** Acked messages are back since `rewoundAt`, which may have a time to live of their own. */
  onRewound(rewoundAt: number): void {
    if (this.#departures === undefined) this.#openDepartures(true)
    else this.#departures.onRewound(rewoundAt)
  }

  /** A message came in. */
  onAppended(source: RecordSource): void {
    if (this.#departures === undefined && hasExpiration(source)) this.#openDepartures(false)
    this.#departures?.onAppended(source)
  }

  /** Messages came in that nobody has looked at. */
  onBatchAppended(): void {
    if (this.#departures === undefined) this.#openDepartures(true)
    this.look()
  }

  /** Looks at the end of this turn at what is due to leave. */
  look(): void {
    this.#departures?.schedule()
  }

  /** What has expired at the head leaves now, and not at the end of this turn. Not within an atom. */
  expireHead(): void {
    this.#departures?.expireHead()
  }

  /** Whether the message that was just taken into `view` goes out; otherwise it has ended, or waits. */
  mayGoOut(view: RecordView): boolean {
    const dueAt = readDeliverAt(view)
    if (dueAt > 0 && dueAt > this.#context.clock.now()) {
      this.#backlog.putBack(view.offset)
      this.#openHeld().hold(view.offset, dueAt)
      return false
    }
    if (this.#departures?.isTooOld(view, this.#backlog.isRedelivered) === true) {
      this.#backlog.detach(view.offset)
      this.#end(view.offset, 'expired')
      return false
    }
    return this.#keyOrder === undefined || this.#isInOrder(view, this.#keyOrder)
  }

  #isInOrder(view: RecordView, keyOrder: KeyOrder): boolean {
    const { offset: place } = view
    if (!keyOrder.admit(view)) {
      this.#backlog.putBack(place)
      return false
    }
    const readyAt = this.#returns === undefined ? 0 : this.#backlog.readyAtOf(place)
    if (readyAt <= this.#context.clock.now()) return true
    // It came back to an earlier process.
    this.#backlog.delay(place)
    this.#openHeld().hold(place, readyAt)
    return false
  }

  /** The unacked message is done with. */
  remove(offset: number): void {
    this.#backlog.remove(offset)
    if (this.#keyOrder?.end(offset) === true) this.#queue.onReadable()
  }

  /** Ready messages were removed from anywhere in the line. Not within an atom. */
  sweep(): void {
    if (this.#keyOrder?.sweep() === true) this.#queue.onReadable()
  }

  /** A consumer rejected the unacked message. */
  reject(offset: number): void {
    this.#backlog.detach(offset)
    this.#end(offset, 'rejected')
  }

  /** The unacked message came back. */
  takeBack(offset: number, reason: ReturnReason): void {
    if (this.#queue.type !== 'quorum') {
      this.#backlog.requeue(offset)
      return
    }
    this.#returns ??= this.#openReturns()
    this.#returns.onReturned(offset, reason, this.#queue.settings)
  }

  /** Drops what waits for a time or for others and returns how much that was. Within an atom. */
  purge(): number {
    return (this.#held?.purge() ?? 0) + (this.#keyOrder?.purge() ?? 0)
  }

  /** The broker stops: nothing leaves or comes back by itself any more. */
  stopTimers(): void {
    this.#departures?.close()
    this.#held?.close()
    this.#deadLetters?.stopRetrying()
  }

  /** The queue is gone. */
  close(): void {
    this.stopTimers()
    this.#deadLetters?.close()
  }

  /** A message that was detached from the backlog dies. */
  #end(offset: number, reason: DeathReason): void {
    if (this.#keyOrder?.end(offset) === true) this.#queue.onReadable()
    const isDropped = this.#queue.settings.deadLetter === undefined
    this.#context.watch.observer?.onDeath(this.#queue, offset, reason, isDropped)
    if (isDropped) {
      this.#context.counters.onDeath(this.#queue.type, 'disabled', reason)
      this.#backlog.ackDetached(offset)
      return
    }
    this.#deadLetters ??= this.#openDeadLetters()
    this.#deadLetters.add(offset, reason)
  }

  #giveUp(offset: number): void {
    this.#end(offset, 'delivery_limit')
    if (this.#queue.settings.deadLetter !== undefined || this.#hasGivenUp) return
    this.#hasGivenUp = true
    this.#context.onGivenUp(this.#queue)
  }

  #openDepartures(isRestored: boolean): void {
    const queue = this.#queue
    const { turn, clock } = this.#context
    this.#departures = new Departures({
      backlog: this.#backlog,
      turn,
      clock,
      settings: queue.settings,
      isRestored,
      rewoundAt: queue.rewoundAt,
      deliverReady: () => queue.deliverReady(),
      onDeparture: (offset, reason) => this.#end(offset, reason),
      onHeadStays: () => queue.onHeadStays(),
    })
  }

  #openReturns(): Returns {
    return new Returns({
      backlog: this.#backlog,
      held: this.#openHeld(),
      clock: this.#context.clock,
      onTooOften: (offset) => this.#giveUp(offset),
    })
  }

  #openHeld(): HeldMessages {
    const onReady = (): void => this.#queue.onReadable()
    this.#held ??= new HeldMessages({ backlog: this.#backlog, clock: this.#context.clock, onReady })
    return this.#held
  }

  #openDeadLetters(): DeadLetters {
    const context = this.#context
    const { store, turn, clock, shortage } = context
    const queue = this.#queue
    return new DeadLetters({
      store,
      turn,
      clock,
      shortage,
      backlog: this.#backlog,
      publish(record, reason) {
        // It may come back into this very queue.
        queue.presentIds?.free(record)
        return context.deadLetter(queue, record, reason)
      },
      routesVersion: () => context.routesVersion(queue),
      onKept: () => context.onDeadLetterKept(queue),
    })
  }
}
