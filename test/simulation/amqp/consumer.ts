// One consumer of a session, and the order in which it gets messages.
import type { BasicDeliver } from '../../../src/codec/amqp/methods.gen.ts'
import type { Entry } from '../model/entry.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { Session } from './session.ts'

export interface ConsumerOptions {
  readonly tag: string
  readonly noAck: boolean
  readonly isExclusive: boolean
  /** Unacked deliveries that the broker may leave with it; 0 for any number. */
  readonly prefetch: number
  /** Called for each delivery, after the model has noted it. */
  readonly onDelivery: (deliveryTag: number, entry: Entry) => void
}

export class Consumer {
  readonly queue: QueueLife
  readonly options: ConsumerOptions
  isOver = false
  readonly #session: Session
  /** Place of the last message of each publisher and level that came for the first time. */
  readonly #lastPlaces = new Map<string, number>()

  constructor(session: Session, queue: QueueLife, options: ConsumerOptions) {
    this.#session = session
    this.queue = queue
    this.options = options
  }

  get tag(): string {
    return this.options.tag
  }

  /** It takes nothing more. */
  end(): void {
    this.isOver = true
    this.queue.takers.remove(this)
  }

  onTaken(entry: Entry, { deliveryTag, redelivered }: BasicDeliver): void {
    const { message } = entry
    const { history } = this.#session.model
    if (!redelivered) {
      // Nothing that was never delivered can overtake anything that was not, whoever gave what back.
      const order = `${message.publisher} ${this.queue.levelOf(message)}`
      const last = this.#lastPlaces.get(order) ?? -1
      if (message.place <= last) {
        throw history.fail(`${this.#session.name} got ${String(message)} after place ${last}`)
      }
      this.#lastPlaces.set(order, message.place)
    }
    this.options.onDelivery(deliveryTag, entry)
  }
}
