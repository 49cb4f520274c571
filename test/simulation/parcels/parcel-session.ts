// A channel for parcels: notes what it publishes, gets and settles.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { emptyTable, type FieldTable, table } from '../../../src/record/message/field-table.ts'
import type { AmqpChannel, Received } from '../amqp/amqp-channel.ts'
import type { AmqpConnection } from '../amqp/amqp-connection.ts'
import { bodyOf } from '../model/message.ts'
import type { ParcelQueue } from './parcel-plan.ts'
import type { ParcelWorld } from './parcel-world.ts'
import type { Parcel, Stay } from './parcel.ts'

interface Held {
  readonly parcel: Parcel
  readonly queue: ParcelQueue
}

export class ParcelSession {
  readonly name: string
  /** Deliveries that are not settled, by their tags. */
  readonly unacked: Map<number, Held> = new Map()
  readonly #channel: AmqpChannel
  readonly #parcels: ParcelWorld
  readonly #consumed = new Map<string, ParcelQueue>()
  readonly #unconfirmed = new Map<number, Parcel>()
  /** Acks that the broker has not answered to, and which of each they were. */
  #acks: { readonly stay: Stay; readonly count: number }[] = []
  #lastConfirm = 0

  private constructor(name: string, channel: AmqpChannel, parcels: ParcelWorld) {
    this.name = name
    this.#channel = channel
    this.#parcels = parcels
    channel.user = {
      onDelivery: (received) => {
        const queue = this.#consumed.get(received.method.consumerTag)
        if (queue === undefined) throw new Error('a delivery for nobody')
        this.#onTaken(received, queue)
      },
      onConfirm: (tag, isMultiple, isAck) => this.#onConfirm(tag, isMultiple, isAck),
    }
  }

  /** Opens a channel with confirms. Rejects with `Ended`, as all that waits for the broker. */
  static async open(
    name: string,
    connection: AmqpConnection,
    parcels: ParcelWorld,
  ): Promise<ParcelSession> {
    const channel = await connection.channel()
    const session = new ParcelSession(`${name}.${channel.number}`, channel, parcels)
    await session.#call({ id: amqp.CONFIRM_SELECT, noWait: false })
    return session
  }

  get isGone(): boolean {
    return this.#channel.ended !== undefined
  }

  get unconfirmedCount(): number {
    return this.#unconfirmed.size
  }

  /** Throws why it has ended, if it has. */
  check(): void {
    if (this.#channel.ended !== undefined) throw this.#channel.ended
  }

  async declareExchange(exchange: string, type: string, args: FieldTable): Promise<void> {
    const method = { exchange, type, passive: false, durable: true, autoDelete: false } as const
    const rest = { internal: false, noWait: false, arguments: args } as const
    await this.#call({ id: amqp.EXCHANGE_DECLARE, ...method, ...rest })
  }

  async declareQueue(queue: string, args: FieldTable): Promise<void> {
    const method = { queue, passive: false, durable: true, exclusive: false } as const
    const rest = { autoDelete: false, noWait: false, arguments: args } as const
    await this.#call({ id: amqp.QUEUE_DECLARE, ...method, ...rest })
  }

  async bind(queue: string, exchange: string, args: FieldTable): Promise<void> {
    const method = { queue, exchange, routingKey: '', noWait: false } as const
    await this.#call({ id: amqp.QUEUE_BIND, ...method, arguments: args })
  }

  publishNew(queue: ParcelQueue, size: number): void {
    const order = { publisher: this.name, place: this.#lastConfirm }
    this.publish(this.#parcels.add({ queue, size, order }))
  }

  /** Also of one that was published before. */
  publish(parcel: Parcel): void {
    const { entry, isOnce } = parcel.queue
    if (entry === undefined) throw new Error('nobody publishes to a subscription')
    this.#note(`publish ${parcel.id} to ${parcel.queue.name}`)
    this.#unconfirmed.set(++this.#lastConfirm, parcel)
    const headers = isOnce === true && { headers: table({ 'x-deduplication-header': parcel.id }) }
    const properties = { messageId: parcel.id, deliveryMode: 2, ...headers }
    const method = { id: amqp.BASIC_PUBLISH, ...entry, mandatory: false, immediate: false } as const
    this.#channel.publish(method, properties, bodyOf(parcel))
  }

  async consume(queue: ParcelQueue, prefetchCount: number): Promise<void> {
    await this.#call({ id: amqp.BASIC_QOS, prefetchSize: 0, prefetchCount, global: false })
    this.#consumed.set(queue.name, queue)
    const consumer = { queue: queue.name, consumerTag: queue.name, noLocal: false, noAck: false }
    const rest = { exclusive: false, noWait: false, arguments: emptyTable }
    await this.#call({ id: amqp.BASIC_CONSUME, ...consumer, ...rest })
  }

  /** Takes the next message of a queue: its tag, or undefined when there is none. */
  async get(queue: ParcelQueue): Promise<number | undefined> {
    let tag: number | undefined
    await this.#channel.request(
      { id: amqp.BASIC_GET, queue: queue.name, noAck: false },
      (reply) => {
        if (!('body' in reply)) return
        tag = reply.method.deliveryTag
        this.#onTaken(reply, queue)
      },
    )
    return tag
  }

  settle(deliveryTag: number, kind: 'ack' | 'requeue'): void {
    const held = this.unacked.get(deliveryTag)
    if (held === undefined || this.isGone) return
    this.unacked.delete(deliveryTag)
    this.#note(`${kind} ${held.parcel.id}`)
    if (kind === 'requeue') {
      this.#channel.send({ id: amqp.BASIC_NACK, deliveryTag, multiple: false, requeue: true })
      return
    }
    this.#channel.send({ id: amqp.BASIC_ACK, deliveryTag, multiple: false })
    const stay = held.parcel.stayIn(held.queue)
    stay.ack = 'sent'
    stay.ackCount++
    this.#acks.push({ stay, count: stay.ackCount })
  }

  /** Waits until the broker has handled everything before. */
  async sync(): Promise<void> {
    const acks = this.#acks.splice(0)
    await this.declareExchange('amq.direct', 'direct', emptyTable)
    for (const { stay, count } of acks) if (stay.ackCount === count) stay.ack = 'done'
  }

  async #call(method: amqp.AmqpMethod): Promise<void> {
    await this.#channel.request(method)
  }

  #onConfirm(deliveryTag: number, isMultiple: boolean, isAck: boolean): void {
    for (const [number, parcel] of this.#unconfirmed) {
      if (isMultiple ? number > deliveryTag : number !== deliveryTag) continue
      this.#unconfirmed.delete(number)
      this.#note(`${isAck ? 'confirm' : 'refusal'} of ${parcel.id}`)
      if (!isAck) throw this.#parcels.world.history.fail(`${String(parcel)} was refused`)
      parcel.isConfirmed = true
    }
  }

  #onTaken(
    { method, properties, body }: Received<amqp.BasicDeliver | amqp.BasicGetOk>,
    queue: ParcelQueue,
  ): void {
    const parcel = this.#parcels.get(properties.messageId, queue)
    this.#note(`gets ${parcel.id} from ${queue.name} as ${method.deliveryTag}`)
    if (!body.equals(bodyOf(parcel))) {
      throw this.#parcels.world.history.fail(`${String(parcel)} came out with ${body.length} bytes`)
    }
    this.unacked.set(method.deliveryTag, { parcel, queue })
  }

  #note(what: string): void {
    this.#parcels.world.history.onNote(this.name, what)
  }
}
