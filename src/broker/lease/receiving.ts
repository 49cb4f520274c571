// One request that waits for messages: a consumer for as long as it does.
import type { Rights } from '../../auth/rights.ts'
import type { Clock } from '../../lib/clock.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { queueNotFound } from '../broker-error.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { Consumer, DeliverySink } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import { copyTaken, type TakenMessage } from '../queue/take-messages.ts'
import type { Party } from '../trace/party.ts'

export interface ReceivingAsked {
  /** How many messages at most; fewer when those before are large. */
  readonly count: number
  /** How long it waits for the first one, in milliseconds. */
  readonly waitMs: number
  /** Of the user, as they are at any time. */
  readonly rights: Rights
  /** Whoever asked is gone: all goes back. */
  readonly signal: AbortSignal
  /** Where it is counted. */
  readonly counters: readonly ClientCounters[]
}

/** Where a request has room for what it gets. */
export interface ReceivingRoom {
  /** As it is listed. */
  readonly party: Party & { readonly consumerTag: string }
  readonly clock: Clock
  hasRoom(): boolean
  /** So many more messages are leased, or fewer, and bytes of payloads to be sent. */
  count(leases: number, unsent: number): void
}

export interface Received {
  readonly message: TakenMessage
  readonly consumer: Consumer
  readonly offset: number
}

export class Receiving implements DeliverySink {
  readonly taken: Received[] = []
  readonly queue: Queue
  readonly consumer: Consumer
  readonly rights: Rights
  readonly #asked: ReceivingAsked
  readonly #room: ReceivingRoom
  readonly #ended = Promise.withResolvers<void>()
  /** Of payloads. */
  #size = 0
  /** How many had come when it looked last. */
  #gathered = 0
  #idleTurns = 0
  #problem: Error | undefined
  #isOver = false

  /** Throws what `Queue.addConsumer` throws. */
  constructor(queue: Queue, asked: ReceivingAsked, room: ReceivingRoom) {
    this.queue = queue
    this.#asked = asked
    this.#room = room
    this.rights = asked.rights
    this.consumer = queue.addConsumer(this, {
      tag: room.party.consumerTag,
      isNoAck: false,
      isExclusive: false,
      prefetch: asked.count,
      arguments: emptyTable,
    })
  }

  get party(): Party {
    return this.#room.party
  }

  /** Settled with what has come when the first message has, or its time is over. Throws what ended it. */
  async run(): Promise<readonly Received[]> {
    const { signal, waitMs } = this.#asked
    const timer = this.#room.clock.after(waitMs, this.#end)
    signal.addEventListener('abort', this.#end)
    if (signal.aborted) this.#end()
    await this.#ended.promise
    timer.stop()
    signal.removeEventListener('abort', this.#end)
    this.#isOver = true
    this.queue.removeConsumer(this.consumer)
    if (this.#problem === undefined && !signal.aborted) return this.taken
    const given = this.taken.splice(0)
    this.#room.count(-given.length, -this.#size)
    for (const { offset } of given) this.consumer.settle(offset, 'requeue')
    if (this.#problem !== undefined) throw this.#problem
    return []
  }

  /** Ends it with a refusal; what it has got goes back. */
  fail(problem: Error): void {
    this.#problem ??= problem
    this.#end()
  }

  /** Bytes of the payloads that have come. */
  get size(): number {
    return this.#size
  }

  canTake(): boolean {
    if (this.#isOver || this.#problem !== undefined || this.#asked.signal.aborted) return false
    const { length } = this.taken
    const fits = length < this.#asked.count && this.#size < leaseLimits.answerSizeMax
    return fits && this.#room.hasRoom()
  }

  deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    if (this.taken.length === 0) this.#room.clock.atEndOfTurn(this.#gather)
    for (const counters of this.#asked.counters) {
      counters.delivered++
      if (isRedelivered) counters.redelivered++
    }
    const message = copyTaken(this.queue, record, Infinity)
    this.taken.push({ message, consumer, offset: record.offset })
    this.#room.count(1, message.payloadSize)
    this.#size += message.payloadSize
  }

  onSettled(): void {}

  onCancelled(): void {
    this.fail(queueNotFound(this.queue.vhost, this.queue.name))
  }

  /** Ends it when the queue has no more, or brings none for some turns: what is not in memory would take longer. */
  readonly #gather = (): void => {
    const { length } = this.taken
    this.#idleTurns = length > this.#gathered ? 0 : this.#idleTurns + 1
    this.#gathered = length
    const isPatient = this.#idleTurns < leaseLimits.idleTurnsMax
    if (isPatient && this.queue.readyCount > 0 && this.canTake()) {
      this.#room.clock.atEndOfTurn(this.#gather)
    } else {
      this.#end()
    }
  }

  readonly #end = (): void => this.#ended.resolve()
}
