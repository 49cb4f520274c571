// An AMQP channel whose every step is noted in the model: what was asked, what is known to have happened,
// what was got. Clients act through it; it reports what breaks a promise.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { emptyTable } from '../../../src/record/message/field-table.ts'
import type { BrokerModel } from '../model/broker-model.ts'
import type { Deed } from '../model/deed.ts'
import type { Entry, Holder } from '../model/entry.ts'
import { nameIn } from '../model/message.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { AmqpChannel, Received } from './amqp-channel.ts'
import { Consumer, type ConsumerOptions } from './consumer.ts'
import { DeedLog } from './deed-log.ts'
import { Publishing } from './publishing.ts'

export type SessionMode = 'plain' | 'confirm' | 'transaction'

export type Settlement = 'ack' | 'reject' | 'requeue'

export class Session implements Holder {
  readonly name: string
  readonly model: BrokerModel
  readonly channel: AmqpChannel
  readonly mode: SessionMode
  readonly log: DeedLog
  readonly publishing: Publishing
  readonly consumers: Map<string, Consumer> = new Map()
  /** Deliveries that are not settled, by their tags. */
  readonly unacked: Map<number, Entry> = new Map()
  /** What is settled when the transaction is committed. */
  #inTransaction: { readonly tag: number; readonly entry: Entry; readonly isRequeue: boolean }[] =
    []
  /** Entries that the broker was told to take back. */
  readonly #released = new Set<Entry>()
  readonly #takenBlindly = new Set<QueueLife>()
  #isClosing = false
  #isRecovering = false
  #isGone = false

  constructor(name: string, channel: AmqpChannel, model: BrokerModel, mode: SessionMode) {
    this.name = name
    this.channel = channel
    this.model = model
    this.mode = mode
    this.log = new DeedLog((moment) => model.wasBlockedSince(moment))
    this.publishing = new Publishing(this)
    channel.user = {
      onDelivery: (received) => this.#onDelivery(received),
      onReturn: (received) => this.publishing.onReturn(received),
      onConfirm: (tag, isMultiple, isAck) => this.publishing.onConfirm(tag, isMultiple, isAck),
      onCancel: (tag) => this.#onCancelled(tag),
      onEnded: (ended) => this.publishing.onEnded(ended),
    }
    const { link } = channel.connection
    link.whenClosing(() => {
      this.#isClosing = true
    })
    link.whenClosedByBroker(() => this.#onGone())
  }

  /** Puts the channel into its mode. Rejects with `Ended`, as all that waits for the broker. */
  async select(): Promise<void> {
    if (this.mode === 'confirm') await this.call({ id: amqp.CONFIRM_SELECT, noWait: false })
    if (this.mode === 'transaction') await this.call({ id: amqp.TX_SELECT })
  }

  get isGone(): boolean {
    return this.#isGone || this.channel.ended !== undefined
  }

  mayHaveReleased(entry: Entry): boolean {
    return this.#isClosing || this.#isGone || this.#isRecovering || this.#released.has(entry)
  }

  /** Whether deliveries can be settled: not when the client has given back whatever it has. */
  get canSettle(): boolean {
    return !this.#isClosing && !this.#isRecovering && this.channel.ended === undefined
  }

  note(what: string): void {
    this.model.history.onNote(this.name, what)
  }

  /**
   * A request with a reply, which `onReply` gets: everything that was asked before has happened by then.
   */
  call<Method extends amqp.AmqpMethod>(
    method: amqp.AmqpMethod,
    onReply?: (reply: Method) => void,
  ): Promise<void> {
    const position = this.log.position
    this.note(`asks ${describe(method)}`)
    return this.channel.request(method, (reply) => {
      this.note(`is answered ${describe(reply as Method)}`)
      this.log.onAnswered(position)
      onReply?.(reply as Method)
    })
  }

  /** Waits until the broker has handled everything before. */
  async sync(): Promise<void> {
    await this.call({
      id: amqp.EXCHANGE_DECLARE,
      exchange: 'amq.direct',
      type: 'direct',
      passive: true,
      durable: true,
      autoDelete: false,
      internal: false,
      noWait: false,
      arguments: emptyTable,
    })
  }

  async setPrefetch(prefetchCount: number, global: boolean): Promise<void> {
    await this.call({ id: amqp.BASIC_QOS, prefetchSize: 0, prefetchCount, global })
  }

  async consume(queue: QueueLife, options: ConsumerOptions): Promise<Consumer> {
    const consumer = new Consumer(this, queue, options)
    this.consumers.set(consumer.tag, consumer)
    queue.takers.add(consumer, options.noAck)
    if (options.noAck) this.#takenBlindly.add(queue)
    await this.call({
      id: amqp.BASIC_CONSUME,
      queue: queue.name,
      consumerTag: consumer.tag,
      noLocal: false,
      noAck: options.noAck,
      exclusive: options.isExclusive,
      noWait: false,
      arguments: emptyTable,
    })
    return consumer
  }

  async cancel(consumer: Consumer): Promise<void> {
    const method = { id: amqp.BASIC_CANCEL, consumerTag: consumer.tag, noWait: false } as const
    await this.call(method, () => this.#forgetConsumer(consumer))
  }

  /** basic.get: what was got, or undefined. */
  async get(queue: QueueLife, noAck: boolean): Promise<Entry | undefined> {
    const taker = {}
    const askedAt = this.model.history.next()
    queue.takers.add(taker, noAck)
    const wasAlone = queue.takers.watch(taker)
    if (noAck) this.#takenBlindly.add(queue)
    const position = this.log.position
    this.note(`asks for a message of ${queue.name}`)
    let entry: Entry | undefined
    await this.channel.request({ id: amqp.BASIC_GET, queue: queue.name, noAck }, (reply) => {
      this.log.onAnswered(position)
      if ('body' in reply) entry = this.#onTaken(reply, queue, noAck)
      else if (wasAlone() && !this.#isGone) this.#checkEmpty(queue, askedAt)
      queue.takers.remove(taker)
    })
    return entry
  }

  /** Settles a delivery, or all up to it. */
  settle(deliveryTag: number, kind: Settlement, multiple = false): void {
    if (!this.canSettle) return
    const tags = [...this.unacked.keys()].filter((tag) =>
      multiple ? tag <= deliveryTag : tag === deliveryTag,
    )
    this.note(`${kind} ${deliveryTag}${multiple ? ' and before' : ''}`)
    this.#sendSettlement(deliveryTag, kind, multiple)
    for (const tag of tags) {
      const entry = this.unacked.get(tag) as Entry
      this.unacked.delete(tag)
      const isRequeue = kind === 'requeue'
      if (this.mode === 'transaction') this.#inTransaction.push({ tag, entry, isRequeue })
      else {
        const deed = this.model.newDeed(`${kind} by ${this.name}`)
        this.log.add(deed, 'other')
        this.#noteSettled(entry, isRequeue, deed)
      }
    }
  }

  /** basic.recover: everything unacked comes back, also what is on its way. */
  async recover(): Promise<void> {
    this.#isRecovering = true
    await this.call({ id: amqp.BASIC_RECOVER, requeue: true }, () => {
      this.#isRecovering = false
      for (const entry of this.unacked.values()) this.#released.add(entry)
      for (const entry of this.#released) this.#release(entry)
      this.unacked.clear()
    })
  }

  async commit(): Promise<void> {
    const deed = this.model.newDeed(`transaction of ${this.name}`)
    this.log.add(deed, 'other')
    this.publishing.onCommit(deed)
    for (const { entry, isRequeue } of this.#inTransaction.splice(0)) {
      this.#noteSettled(entry, isRequeue, deed)
    }
    const position = this.log.position
    await this.call({ id: amqp.TX_COMMIT }, () => this.log.onDurable(position))
  }

  /** What was settled in the transaction is unacked again, with its old tags. */
  async rollback(): Promise<void> {
    const undone = this.#inTransaction
    this.publishing.onRollback()
    await this.call({ id: amqp.TX_ROLLBACK }, () => {
      this.#inTransaction = []
      for (const { tag, entry } of undone) this.unacked.set(tag, entry)
    })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    const position = this.log.position
    this.note('asks channel.close')
    await this.channel.close()
    if (this.channel.ended?.message !== 'closed') return
    this.log.onDone(position)
    this.#onGone()
  }

  /** Nobody else could take anything, and there was nothing. */
  #checkEmpty(queue: QueueLife, askedAt: number): void {
    this.note(`gets nothing from ${queue.name}`)
    for (const ready of queue.certainlyReady(askedAt)) {
      throw this.model.history.fail(
        `${this.name} got nothing from ${queue.name}, which has ${String(ready)}`,
      )
    }
  }

  #sendSettlement(deliveryTag: number, kind: Settlement, multiple: boolean): void {
    const requeue = kind === 'requeue'
    if (kind === 'ack') this.channel.send({ id: amqp.BASIC_ACK, deliveryTag, multiple })
    else if (multiple) this.channel.send({ id: amqp.BASIC_NACK, deliveryTag, multiple, requeue })
    else this.channel.send({ id: amqp.BASIC_REJECT, deliveryTag, requeue })
  }

  #noteSettled(entry: Entry, isRequeue: boolean, deed: Deed): void {
    if (!isRequeue) {
      entry.settlements.push(deed)
      return
    }
    this.#released.add(entry)
    this.log.afterDone(deed, () => this.#release(entry))
  }

  #onDelivery(received: Received<amqp.BasicDeliver>): void {
    const { consumerTag } = received.method
    const consumer = this.consumers.get(consumerTag)
    if (consumer === undefined) {
      throw this.model.history.fail(
        `${this.name} got a delivery for ${consumerTag}, which it has not`,
      )
    }
    const { queue, options } = consumer
    const entry = this.#onTaken(received, queue, options.noAck)
    if (entry !== undefined) consumer.onTaken(entry, received.method)
  }

  #onTaken(
    { method, properties, body }: Received<amqp.BasicDeliver | amqp.BasicGetOk>,
    asked: QueueLife,
    noAck: boolean,
  ): Entry | undefined {
    const again = method.redelivered ? ', redelivered' : ''
    const id = properties.messageId ?? nameIn(body)
    this.note(`gets ${id} from ${asked.name} as ${method.deliveryTag}${again}`)
    const { message, queue } = this.model.find(id, asked)
    if (noAck) this.#takenBlindly.add(queue)
    this.publishing.checkContent(message, { method, properties, body })
    if (this.#isGone || !this.canSettle) {
      // Somebody else may have got it after it was sent and before it arrived.
      const late = queue.onLateArrival(message, this.#isGone || noAck ? undefined : this)
      if (noAck) late.mayBeLost = true
      if (!this.#isGone) this.#released.add(late)
      return undefined
    }
    const holder = noAck ? undefined : this
    const entry = queue.onTaken({ message, isRedelivered: method.redelivered, holder })
    this.#released.delete(entry)
    if (noAck) {
      const deed = this.model.newDeed(`delivery to ${this.name}`)
      deed.toDone('it was delivered')
      entry.settlements.push(deed)
    } else {
      this.unacked.set(method.deliveryTag, entry)
    }
    return entry
  }

  #onCancelled(tag: string): void {
    const consumer = this.consumers.get(tag)
    if (consumer !== undefined) this.#forgetConsumer(consumer)
  }

  #forgetConsumer(consumer: Consumer): void {
    this.consumers.delete(consumer.tag)
    consumer.end()
  }

  #release(entry: Entry): void {
    if (this.#released.delete(entry)) entry.release(this, this.model.history.next())
  }

  /** The broker has let the channel go, and has handled whatever it is going to handle. */
  #onGone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.log.onGone()
    // What was sent to them may still arrive.
    for (const consumer of this.consumers.values()) consumer.end()
    for (const queue of this.#takenBlindly) {
      queue.onBlindTakerGone()
      this.model.topology.queues.get(queue.name)?.onBlindTakerGone()
    }
    const held = [...this.unacked.values(), ...this.#released]
    for (const { entry } of this.#inTransaction.splice(0)) held.push(entry)
    for (const entry of held) entry.release(this, this.model.history.next())
    this.unacked.clear()
  }
}

/** A method with what tells it from others of its kind. */
function describe(method: amqp.AmqpMethod): string {
  const { id, ...fields } = method
  const named = Object.entries(fields).filter(
    ([name, value]) => name !== 'arguments' && value !== false && value !== '',
  )
  const text = named.map(([name, value]) => `${name}=${String(value)}`).join(' ')
  return `${amqp.methodNames.get(id) ?? id} ${text}`
}
