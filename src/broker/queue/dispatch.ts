// Who gets the next message of a queue: its consumers by priority, then by turns, each as long as it
// has room. Runs once a turn, in bounded pieces.
import type { Clock } from '../../lib/clock.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { QueueCounters } from '../counters/queue-counters.ts'
import { isLate } from '../is-late.ts'
import type { MessageWatch, WatchedStream } from '../trace/message-watch.ts'
import { ConsumerLine } from './consumer-line.ts'
import type { Consumer, ConsumerOptions } from './consumer.ts'
import type { QueueBacklog, TakeResult } from './queue-backlog.ts'
import { SingleActive, type SingleActiveOwner } from './single-active.ts'

const noConsumers: ReadonlySet<Consumer> = new Set()

/** Whose messages are dispatched. */
export interface DispatchSource extends WatchedStream {
  readonly counters: QueueCounters
  /** Takes the next message that may be delivered. */
  takeReady(view: RecordView): TakeResult
  /** Ends the delivery of a message that nobody acks. */
  drop(offset: number): void
}

/** What dispatches of a broker share. */
export interface DispatchContext {
  readonly turn: Turn
  readonly clock: Clock
  readonly watch: MessageWatch
}

/** For all queues: a view is valid only until the next read. */
const sharedView = new RecordView()

export class Dispatch implements TurnTask, SingleActiveOwner {
  readonly #backlog: QueueBacklog
  readonly #turn: Turn
  readonly #watch: MessageWatch
  readonly #source: DispatchSource
  /** Made when it is needed, as most of many queues have none. */
  #consumers: Set<Consumer> | undefined
  readonly #line = new ConsumerLine()
  #exclusiveConsumer: Consumer | undefined
  #singleActive: SingleActive | undefined
  #isScheduled = false
  /** When the last consumer left, in milliseconds since the Unix epoch; 0 before that. */
  leftAt = 0
  readonly #clock: Clock

  constructor(
    backlog: QueueBacklog,
    { turn, watch, clock }: DispatchContext,
    source: DispatchSource,
  ) {
    this.#backlog = backlog
    this.#turn = turn
    this.#watch = watch
    this.#clock = clock
    this.#source = source
  }

  get consumers(): ReadonlySet<Consumer> {
    return this.#consumers ?? noConsumers
  }

  get consumerCount(): number {
    return this.#consumers?.size ?? 0
  }

  /** From now on one consumer at a time gets messages. To be called before any comes. */
  useSingleActive(options: { readonly yieldsToPriority: boolean }): void {
    this.#singleActive = new SingleActive(this, options)
  }

  /** Whether one more consumer may come, which wants to be alone or not; `mayBeAlone`: anybody may. */
  admits({ isExclusive, isOwner }: ConsumerOptions, mayBeAlone: boolean): boolean {
    if (isOwner === true) return true
    if (isExclusive && (this.#singleActive !== undefined || !mayBeAlone)) return false
    return this.#exclusiveConsumer === undefined && !(isExclusive && this.consumerCount > 0)
  }

  add(consumer: Consumer): void {
    this.#consumers ??= new Set()
    this.#consumers.add(consumer)
    if (consumer.isExclusive) this.#exclusiveConsumer = consumer
    if (this.#singleActive === undefined) this.enlist(consumer)
    else this.#singleActive.add(consumer)
  }

  /** Ends a consumer; what it holds unacked stays so. */
  remove(consumer: Consumer): void {
    consumer.isCancelled = true
    this.#consumers?.delete(consumer)
    if (this.consumerCount === 0) {
      this.#consumers = undefined
      this.leftAt = this.#clock.now()
    }
    if (this.#singleActive === undefined) this.delist(consumer)
    else this.#singleActive.remove(consumer)
    if (this.#exclusiveConsumer === consumer) this.#exclusiveConsumer = undefined
  }

  /** Ends all consumers and returns those that there were. */
  clear(): ReadonlySet<Consumer> {
    const { consumers } = this
    for (const consumer of consumers) consumer.isCancelled = true
    this.#consumers = undefined
    this.#line.clear()
    this.#singleActive?.clear()
    return consumers
  }

  /** Puts a consumer that may have room in line, behind those of its priority. */
  enlist(consumer: Consumer): void {
    if (this.#singleActive?.admits(consumer) === false) return
    this.#line.enter(consumer)
    if (this.#backlog.readyCount > 0) this.schedule()
  }

  delist(consumer: Consumer): void {
    if (consumer.isListed) this.#line.leave(consumer)
  }

  /** A consumer that had to make room for another has settled all it had. */
  replace(consumer: Consumer): void {
    this.#singleActive?.replace(consumer)
  }

  /** There may be something to deliver: it goes out at the end of this turn. */
  schedule(): void {
    if (this.#isScheduled || this.#line.first === undefined || this.#backlog.isWaiting) return
    this.#isScheduled = true
    this.#turn.schedule(turnPhase.dispatch, this)
  }

  /** Delivers now what is to go out in this turn. Not within an atom. */
  deliverReady(): void {
    if (this.#isScheduled) this.#deliver()
  }

  runTurn(): void {
    this.#isScheduled = false
    if (this.#deliver()) this.schedule()
  }

  /** True when there is more than one turn may deliver. */
  #deliver(): boolean {
    for (let count = 1; count <= brokerLimits.dispatchPerTurnMax; count++) {
      const consumer = this.#nextConsumer()
      if (consumer === undefined || this.#deliverTo(consumer) !== 'record') return false
      if (count % brokerLimits.dispatchBetweenLooks === 0 && isLate(this.#turn)) break
    }
    return true
  }

  #deliverTo(consumer: Consumer): TakeResult {
    const backlog = this.#backlog
    const view = sharedView
    const result = this.#source.takeReady(view)
    if (result !== 'record') return result
    if (consumer.sink.holds?.(view) === true) {
      this.#putBack(view.offset)
      return result
    }
    this.#line.rotate()
    const { counters } = this.#source
    consumer.deliveredCount++
    if (backlog.isRedelivered) counters.redelivered++
    if (consumer.counts !== undefined) {
      counters.onDeliveredToOther(consumer.counts, consumer.isNoAck, backlog.isRedelivered)
    }
    this.#watch.observer?.onHandover(this.#source, view, {
      kind: 'delivered',
      to: consumer.sink,
      isRedelivered: backlog.isRedelivered,
      isNoAck: consumer.isNoAck,
    })
    if (consumer.isNoAck) {
      counters.deliveredNoAck++
      consumer.sink.deliver(consumer, view, backlog.isRedelivered)
      this.#source.drop(view.offset)
    } else {
      counters.delivered++
      consumer.unackedCount++
      consumer.sink.deliver(consumer, view, backlog.isRedelivered)
    }
    return result
  }

  /** The message that was just taken is ready again, as if it had not been. */
  #putBack(offset: number): void {
    const backlog = this.#backlog
    if (backlog.isRedelivered) backlog.delay(offset)
    else backlog.putBack(offset)
    backlog.wake(offset)
  }

  /** The consumer whose turn it is; those without room leave the line until they resume. */
  #nextConsumer(): Consumer | undefined {
    for (;;) {
      const consumer = this.#line.first
      if (consumer === undefined || consumer.hasRoom) return consumer
      this.#line.leave(consumer)
    }
  }
}
