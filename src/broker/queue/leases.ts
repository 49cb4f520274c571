// Leases: deliveries to clients that have no connection, such as requests by HTTP. A request consumes for as long
// as it waits; what it got stays unacked under a receipt until that is settled or its time is over. A broker
// that starts again knows no leases: their messages are ready again, as those of a channel that is gone.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { BrokerError, preconditionFailed, queueNotFound } from '../broker-error.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import type { Consumer, DeliverySink } from './consumer.ts'
import type { Queue } from './queue.ts'
import { copyTaken, type TakenMessage } from './take-messages.ts'

export interface LeaseAsked {
  readonly user: string
  /** How many messages at most; fewer when those before are large. */
  readonly count: number
  /** How long it waits for the first one, in milliseconds. */
  readonly waitMs: number
  /** How long each may be kept, in milliseconds. */
  readonly leaseMs: number
  /** Whoever asked is gone: all goes back. */
  readonly signal: AbortSignal
  /** Where it is counted. */
  readonly counters: ClientCounters
}

export interface LeasedMessage {
  readonly receipt: string
  readonly message: TakenMessage
}

/** Whose receipt, and of what. */
export interface LeaseOwner {
  readonly user: string
  readonly queue: Queue
}

interface Lease extends LeaseOwner {
  readonly consumer: Consumer
  readonly offset: number
  timer: Timer
}

export class Leases {
  readonly #clock: Clock
  readonly #random: Random
  readonly #leases = new Map<string, Lease>()
  /** Leases, and room that waiting requests have asked for. */
  readonly #counts = new Map<string, number>()
  #sum = 0

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock
    this.#random = random
  }

  /**
   * Answers what is there when the first message has come, or nothing. Throws `resource_exhausted` when
   * there are too many leases, `queue_not_found` when the queue goes meanwhile, what `Queue.addConsumer`
   * throws, and `precondition_failed` for a queue that would go with its consumer and a message that is
   * too large for an answer.
   */
  async receive(queue: Queue, asked: LeaseAsked): Promise<LeasedMessage[]> {
    if (queue.isAutoDelete) {
      throw preconditionFailed(
        'an auto-delete queue would be deleted with the consumer of a request',
      )
    }
    const { user, count } = asked
    this.#reserve(user, count)
    let kept = 0
    try {
      const receiving = new Receiving(queue, asked, this.#clock)
      await receiving.run()
      const leased = receiving.taken.map(({ message, offset }) => {
        const receipt = this.#random.bytes(leaseLimits.receiptSize).toString('base64url')
        const { consumer } = receiving
        const timer = this.#endAfter(receipt, asked.leaseMs)
        this.#leases.set(receipt, { user, queue, consumer, offset, timer })
        return { receipt, message }
      })
      kept = leased.length
      return leased
    } finally {
      this.#giveBack(user, count - kept)
    }
  }

  /** False: there is no such lease (any more), or it is another's. */
  settle(receipt: string, owner: LeaseOwner, reason: SettleReason): boolean {
    const lease = this.#find(receipt, owner)
    if (lease !== undefined) this.#end(receipt, lease, reason)
    return lease !== undefined
  }

  /** Begins the time of a lease again. False as `settle`. */
  extend(receipt: string, owner: LeaseOwner, leaseMs: number): boolean {
    const lease = this.#find(receipt, owner)
    if (lease === undefined) return false
    lease.timer.stop()
    lease.timer = this.#endAfter(receipt, leaseMs)
    return true
  }

  #find(receipt: string, { user, queue }: LeaseOwner): Lease | undefined {
    const lease = this.#leases.get(receipt)
    return lease?.user === user && lease.queue === queue ? lease : undefined
  }

  #endAfter(receipt: string, ms: number): Timer {
    return this.#clock.after(ms, () => {
      const lease = this.#leases.get(receipt)
      if (lease !== undefined) this.#end(receipt, lease, 'fail')
    })
  }

  #end(receipt: string, { user, consumer, offset, timer }: Lease, reason: SettleReason): void {
    timer.stop()
    this.#leases.delete(receipt)
    this.#giveBack(user, 1)
    consumer.settle(offset, reason)
  }

  #reserve(user: string, count: number): void {
    const own = this.#counts.get(user) ?? 0
    const { perUserMax, sumMax } = leaseLimits
    if (own + count > perUserMax || this.#sum + count > sumMax) {
      throw new BrokerError('resource_exhausted', 'too many messages are leased: settle some first')
    }
    this.#counts.set(user, own + count)
    this.#sum += count
  }

  #giveBack(user: string, count: number): void {
    const left = (this.#counts.get(user) ?? 0) - count
    if (left > 0) this.#counts.set(user, left)
    else this.#counts.delete(user)
    this.#sum -= count
  }
}

interface Taken {
  readonly message: TakenMessage
  readonly offset: number
}

/** A request that waits for messages. */
class Receiving implements DeliverySink {
  readonly taken: Taken[] = []
  readonly consumer: Consumer
  readonly #queue: Queue
  readonly #asked: LeaseAsked
  readonly #clock: Clock
  readonly #ended = Promise.withResolvers<void>()
  readonly #unread: number[] = []
  #size = 0
  #problem: unknown

  constructor(queue: Queue, asked: LeaseAsked, clock: Clock) {
    this.#queue = queue
    this.#asked = asked
    this.#clock = clock
    this.consumer = queue.addConsumer(this, {
      tag: leaseLimits.consumerTag,
      isNoAck: false,
      isExclusive: false,
      prefetch: asked.count,
      arguments: emptyTable,
    })
  }

  async run(): Promise<void> {
    const { signal, waitMs } = this.#asked
    const end = (): void => this.#ended.resolve()
    const timer = this.#clock.after(waitMs, end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    await this.#ended.promise
    timer.stop()
    signal.removeEventListener('abort', end)
    this.#queue.removeConsumer(this.consumer)
    if (this.#problem === undefined && !signal.aborted) return
    const offsets = [...this.taken.splice(0).map(({ offset }) => offset), ...this.#unread]
    for (const offset of offsets) this.consumer.settle(offset, 'requeue')
    if (this.#problem !== undefined) throw this.#problem
  }

  canTake(): boolean {
    const { length } = this.taken
    const isDone = this.#problem !== undefined || this.#asked.signal.aborted
    return !isDone && length < this.#asked.count && this.#size < leaseLimits.answerSizeMax
  }

  deliver(_consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    if (this.taken.length === 0) this.#clock.atEndOfTurn(() => this.#ended.resolve())
    const { counters } = this.#asked
    counters.delivered++
    if (isRedelivered) counters.redelivered++
    try {
      const message = copyTaken(this.#queue, record, Infinity)
      this.taken.push({ message, offset: record.offset })
      this.#size += message.payloadSize
    } catch (error) {
      this.#unread.push(record.offset)
      this.#problem = error
    }
  }

  onSettled(): void {}

  onCancelled(): void {
    this.#problem = queueNotFound(this.#queue.vhost, this.#queue.name)
    this.#ended.resolve()
  }
}
