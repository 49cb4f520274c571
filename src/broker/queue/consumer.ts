// One reader of a queue, whatever its protocol. The queue decides who is next; the sink (a channel)
// decides whether it can take more and puts the message on the wire.
import { type FieldTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { CountedConsumer } from '../client/channel-info.ts'
import { consumerTimeoutOf } from '../consumer-timeout.ts'
import type { ConsumedCounts } from '../counters/consumed-counts.ts'
import type { WithParty } from '../trace/party.ts'
import type { DeliveredFrom, DeliveryHolder, SettleReason } from '../unacked-deliveries.ts'

/** What a protocol provides to receive deliveries. */
export interface DeliverySink extends WithParty {
  /** Whether one more delivery fits now; when it becomes true again, the sink calls `Consumer.resume`. */
  canTake(): boolean
  /**
   * Whether the message that is next has to wait. Then it is left where it was and has not been delivered, `canTake` says
   * no, and the sink calls `Consumer.resume` when it can go. Left out: none ever has to.
   */
  holds?(record: RecordView): boolean
  /** Puts one message on its way. The view is valid only during the call. */
  deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void
  /** A delivery of the consumer is settled. The sink calls `Consumer.resume` when it is its turn. */
  onSettled(consumer: Consumer): void
  /** The broker ended the consumer: its queue is gone. */
  onCancelled(consumer: Consumer): void
}

export interface ConsumerOptions {
  readonly tag: string
  readonly isNoAck: boolean
  readonly isExclusive: boolean
  /** The queue is there for it: it comes beside exclusive consumers, too. */
  readonly isOwner?: boolean
  /** Unacked deliveries it may have at once; 0 for as many as its sink takes. */
  readonly prefetch: number
  /** `x-priority` among them: while consumers of a higher priority have room, others get nothing. */
  readonly arguments: FieldTable
  /** Where what it gets is counted once more; undefined for clients of AMQP, and for requests. */
  readonly counts?: ConsumedCounts | undefined
}

/** The queue that a consumer reads. */
export interface ConsumedQueue extends DeliveryHolder, DeliveredFrom {
  /** `counts`: of who settles it, where that is no client of AMQP. */
  settle(offset: number, reason: SettleReason, counts?: ConsumedCounts): void
  /** Delivers what consumers with room can have by now. Not within an atom. */
  deliverReady(): void
  /** How often the message at `offset` came back, where that is counted. */
  returnCountOf(offset: number): number
  /** Puts a consumer that may have room in line. */
  listConsumer(consumer: Consumer): void
  /** A consumer that yields has settled all it had: the next one is active. */
  replaceConsumer(consumer: Consumer): void
  /** Ends a consumer; what it holds unacked stays so. */
  removeConsumer(consumer: Consumer): void
}

export class Consumer implements DeliveryHolder, CountedConsumer {
  readonly queue: ConsumedQueue
  readonly sink: DeliverySink
  readonly tag: string
  readonly isNoAck: boolean
  readonly isExclusive: boolean
  readonly prefetch: number
  readonly arguments: FieldTable
  readonly priority: number
  readonly counts: ConsumedCounts | undefined
  readonly #ownTimeoutMs: number
  unackedCount = 0
  deliveredCount = 0
  settledCount = 0
  isCancelled = false
  /** False while it waits for the one active consumer of its queue to go. */
  isActive = true
  /** It is active and gets no more: one of a higher priority waits until it has settled what it has. */
  isYielding = false
  /** Whether it stands in its queue's line, which sets this and its neighbours there. */
  isListed = false
  previous: Consumer | undefined
  next: Consumer | undefined

  constructor(queue: ConsumedQueue, sink: DeliverySink, options: ConsumerOptions) {
    this.queue = queue
    this.sink = sink
    this.tag = options.tag
    this.isNoAck = options.isNoAck
    this.isExclusive = options.isExclusive
    this.prefetch = options.prefetch
    this.arguments = options.arguments
    this.counts = options.counts
    this.#ownTimeoutMs = consumerTimeoutOf(options.arguments)
    const priority = options.arguments.get('x-priority')?.value
    this.priority = typeof priority === 'number' ? priority : 0
  }

  get from(): DeliveredFrom {
    return this.queue
  }

  get ackTimeoutMs(): number {
    return Math.min(this.#ownTimeoutMs, this.queue.ackTimeoutMs)
  }

  get hasRoom(): boolean {
    if (this.isCancelled) return false
    if (this.prefetch !== 0 && this.unackedCount >= this.prefetch) return false
    return this.sink.canTake()
  }

  settle(offset: number, reason: SettleReason): void {
    this.unackedCount--
    this.settledCount++
    this.queue.settle(offset, reason, this.counts)
    if (this.isYielding && this.unackedCount === 0) this.queue.replaceConsumer(this)
    this.sink.onSettled(this)
  }

  /** Tells the queue that there may be room again. */
  resume(): void {
    if (!this.isListed && !this.isCancelled) this.queue.listConsumer(this)
  }
}
