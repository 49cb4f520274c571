// A channel that consumes from a stream: what it is shown is compared with what is known of the stream.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { table } from '../../../src/record/message/field-table.ts'
import { checkShown } from '../model/check-fetched.ts'
import { nameIn } from '../model/message.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { AmqpChannel, Received } from './amqp-channel.ts'
import type { AmqpLife } from './amqp-protocol.ts'

export interface StreamStart {
  readonly offset: 'first' | 'last' | 'next' | number
  /** One partition only; a number as the start needs one where there are several. */
  readonly partition: number | undefined
}

export class StreamReading {
  readonly #life: AmqpLife
  readonly #channel: AmqpChannel
  readonly #queue: QueueLife
  readonly #start: StreamStart
  /** Where each partition goes on, as far as is known. */
  readonly #next = new Map<number, number>()
  #unacked: number[] = []
  #askedAt = 0

  constructor(life: AmqpLife, channel: AmqpChannel, of: { queue: QueueLife; start: StreamStart }) {
    this.#life = life
    this.#channel = channel
    this.#queue = of.queue
    this.#start = of.start
    channel.user = { onDelivery: (received) => this.#onDelivery(received) }
  }

  async begin(prefetchCount: number): Promise<void> {
    const { history } = this.#life.world
    this.#askedAt = history.next()
    await this.#channel.request({
      id: amqp.BASIC_QOS,
      prefetchSize: 0,
      prefetchCount,
      global: false,
    })
    const { offset, partition } = this.#start
    const inOne = partition === undefined ? '' : ` in partition ${partition}`
    this.#note(`reads ${this.#queue.name} from ${offset}${inOne}`)
    await this.#channel.request({
      id: amqp.BASIC_CONSUME,
      queue: this.#queue.name,
      consumerTag: 'reader',
      noLocal: false,
      noAck: false,
      exclusive: false,
      noWait: false,
      arguments: table({
        'x-stream-offset': offset,
        ...(partition !== undefined && { 'x-stream-partition': partition }),
      }),
    })
  }

  /** Has the broker send more. */
  ack(): void {
    const last = this.#unacked.pop()
    this.#unacked = []
    if (last === undefined) return
    this.#channel.send({ id: amqp.BASIC_ACK, deliveryTag: last, multiple: true })
  }

  #onDelivery({ method, properties, body }: Received<amqp.BasicDeliver>): void {
    const { history, model } = this.#life.world
    this.#unacked.push(method.deliveryTag)
    const offset = Number(properties.headers?.get('x-stream-offset')?.value)
    const partition = Number(properties.headers?.get('x-stream-partition')?.value)
    const id = properties.messageId ?? nameIn(body)
    this.#note(`is shown ${id} at ${offset} of ${this.#queue.name}/${partition}`)
    // The name may stand for something else by now.
    if (!this.#queue.presence.isAlways(this.#askedAt, history.now)) return
    const facts = this.#queue.logOf(partition)
    const from = this.#next.get(partition) ?? this.#firstOf(partition, offset)
    checkShown(model, {
      queue: this.#queue,
      partition,
      from,
      end: offset + 1,
      records: [{ offset, id, value: body }],
      start: Math.max(facts.start, Math.min(facts.trimAsked, offset)),
      who: this.#life.name,
    })
    if (offset < from) {
      throw history.fail(`${this.#life.name} was shown ${facts.name} at ${offset} after ${from}`)
    }
    this.#next.set(partition, offset + 1)
  }

  /** The offset that a partition must begin with: the one that comes, unless a certain one was asked for. */
  #firstOf(partition: number, offset: number): number {
    const { offset: asked } = this.#start
    const facts = this.#queue.logOf(partition)
    if (asked === 'first') return Math.min(offset, facts.start)
    return typeof asked === 'number' && asked >= facts.start ? asked : offset
  }

  #note(what: string): void {
    this.#life.world.history.onNote(this.#life.name, what)
  }
}
