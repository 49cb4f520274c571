// A channel for letters: what it publishes, gets and settles is noted, and every delivery is judged.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { emptyTable, type FieldTable, table } from '../../../src/record/message/field-table.ts'
import type { AmqpChannel, Received } from '../amqp/amqp-channel.ts'
import type { AmqpConnection } from '../amqp/amqp-connection.ts'
import { Ended } from '../ended.ts'
import { bodyOf } from '../model/message.ts'
import type { World } from '../world.ts'
import { deathCountOf, deathsIn, describeDeaths, readDeaths } from './deaths.ts'
import { judgeLetter } from './judge-letter.ts'
import type { Letter, LetterDeed, LetterHolder, LetterPlan } from './letter.ts'
import type { Letters } from './letters.ts'
import { laterName, type RuleQueue } from './rule-plan.ts'
import type { RuleWorld } from './rule-world.ts'

type Delivery = Received<amqp.BasicDeliver | amqp.BasicGetOk>

export class LetterSession implements LetterHolder {
  readonly name: string
  /** Deliveries that are not settled, by their tags. */
  readonly unacked: Map<number, Letter> = new Map()
  readonly #world: World
  readonly #rules: RuleWorld
  readonly #channel: AmqpChannel
  readonly #consumed = new Map<string, RuleQueue>()
  readonly #unconfirmed = new Map<number, Letter>()
  /** How often a letter had been rejected in its queue when it came. */
  readonly #rejectsSeen = new WeakMap<Letter, number>()
  /** What the broker has not answered to. */
  #deeds: LetterDeed[] = []
  #lastConfirm = 0
  #isClosing = false
  #isGone = false

  private constructor(name: string, channel: AmqpChannel, rules: RuleWorld) {
    this.name = name
    this.#channel = channel
    this.#rules = rules
    this.#world = rules.world
    channel.user = {
      onDelivery: (received) => this.#onDelivery(received),
      onConfirm: (tag, isMultiple, isAck) => this.#onConfirm(tag, isMultiple, isAck),
    }
    const { link } = channel.connection
    link.whenClosing(() => {
      this.#isClosing = true
    })
    link.whenClosedByBroker(() => {
      this.#isGone = true
    })
  }

  /** Opens a channel with confirms. Rejects with `Ended`, as all that waits for the broker. */
  static async open(
    name: string,
    connection: AmqpConnection,
    rules: RuleWorld,
  ): Promise<LetterSession> {
    const channel = await connection.channel()
    const session = new LetterSession(`${name}.${channel.number}`, channel, rules)
    await session.call({ id: amqp.CONFIRM_SELECT, noWait: false })
    return session
  }

  get mayHaveLost(): boolean {
    return this.#isClosing || this.isGone
  }

  get isGone(): boolean {
    return this.#isGone || this.#channel.ended !== undefined
  }

  get unconfirmedCount(): number {
    return this.#unconfirmed.size
  }

  /** Throws why it has ended, if it has. */
  check(): void {
    if (this.#channel.ended !== undefined) throw this.#channel.ended
  }

  /** A request with a reply, by when all that was sent before is done. */
  async call<Method extends amqp.AmqpMethod>(method: amqp.AmqpMethod): Promise<Method> {
    const before = this.#deeds
    this.#deeds = []
    let answer: amqp.AmqpMethod | undefined
    await this.#channel.request(method, (reply) => {
      for (const deed of before) this.#onDone(deed)
      answer = reply as Method
    })
    return answer as Method
  }

  /** Waits until the broker has handled everything before. */
  async sync(): Promise<void> {
    await this.declareExchange('amq.direct', 'direct')
  }

  async declareExchange(
    exchange: string,
    type: string,
    args: FieldTable = emptyTable,
  ): Promise<void> {
    const method = { exchange, type, passive: false, durable: true, autoDelete: false } as const
    const rest = { internal: false, noWait: false, arguments: args } as const
    await this.call({ id: amqp.EXCHANGE_DECLARE, ...method, ...rest })
  }

  async declareQueue(
    queue: string,
    args: FieldTable,
    passive = false,
  ): Promise<amqp.QueueDeclareOk> {
    const method = { queue, passive, durable: true, exclusive: false, autoDelete: false } as const
    return this.call({ id: amqp.QUEUE_DECLARE, ...method, noWait: false, arguments: args })
  }

  async bind(queue: string, exchange: string): Promise<void> {
    const method = { queue, exchange, routingKey: queue, noWait: false } as const
    await this.call({ id: amqp.QUEUE_BIND, ...method, arguments: emptyTable })
  }

  publish(plan: LetterPlan): void {
    const { id, queue, size, priority, expirationMs, delayMs } = plan
    this.#note(`publish ${id} to ${queue.name}, ${size} bytes`)
    const letter = this.#letters.add(plan, this.#now)
    this.#unconfirmed.set(++this.#lastConfirm, letter)
    const properties = {
      messageId: id,
      deliveryMode: 2,
      ...(priority !== undefined && { priority }),
      ...(expirationMs !== undefined && { expiration: String(expirationMs) }),
      ...(delayMs !== undefined && { headers: table({ 'x-delay': delayMs }) }),
    }
    const exchange = queue.isDelayed === true ? laterName : ''
    const way = { exchange, routingKey: queue.name, mandatory: false, immediate: false }
    this.#channel.publish({ id: amqp.BASIC_PUBLISH, ...way }, properties, bodyOf(plan))
  }

  async consume(queue: RuleQueue, prefetchCount: number): Promise<void> {
    const qos = { prefetchSize: 0, prefetchCount, global: false }
    await this.call({ id: amqp.BASIC_QOS, ...qos })
    this.#consumed.set(queue.name, queue)
    const consumer = { queue: queue.name, consumerTag: queue.name, noLocal: false, noAck: false }
    const rest = { exclusive: false, noWait: false, arguments: emptyTable }
    await this.call({ id: amqp.BASIC_CONSUME, ...consumer, ...rest })
  }

  /** Takes the next message of a queue: undefined when there is none. */
  async get(queue: RuleQueue): Promise<number | undefined> {
    const before = this.#deeds
    this.#deeds = []
    const askedAtMs = this.#now
    const ruledTtlMs = queue.isRuled === true ? this.#rules.policies.ttlMs : undefined
    let tag: number | undefined
    await this.#channel.request(
      { id: amqp.BASIC_GET, queue: queue.name, noAck: false },
      (reply) => {
        for (const deed of before) this.#onDone(deed)
        if (!('body' in reply)) return
        tag = reply.method.deliveryTag
        this.#onTaken(reply, queue, { askedAtMs, ruledTtlMs })
      },
    )
    return tag
  }

  /** Asks for a message of a queue that has none. */
  async getNothing(queue: string): Promise<void> {
    await this.call({ id: amqp.BASIC_GET, queue, noAck: false })
  }

  settle(tag: number, kind: LetterDeed['kind']): void {
    const letter = this.unacked.get(tag)
    if (letter === undefined || this.mayHaveLost) return
    this.unacked.delete(tag)
    this.#note(`${kind} ${tag}`)
    if (kind === 'ack') {
      this.#channel.send({ id: amqp.BASIC_ACK, deliveryTag: tag, multiple: false })
    } else {
      const requeue = kind === 'requeue'
      this.#channel.send({ id: amqp.BASIC_NACK, deliveryTag: tag, multiple: false, requeue })
    }
    this.#noteSettled(letter, kind)
  }

  async close(): Promise<void> {
    const before = this.#deeds
    this.#isClosing = true
    await this.#channel.close()
    if (this.#channel.ended?.message !== 'closed') return
    for (const deed of before) this.#onDone(deed)
  }

  #noteSettled(letter: Letter, kind: LetterDeed['kind']): void {
    const { sight } = letter
    if (sight === undefined || sight.holder !== this) return
    const { queue } = sight
    const rejectsBefore = this.#rejectsSeen.get(letter) ?? 0
    const { epoch } = this.#world.history
    const place = { holder: this, queue, rejectsBefore, atMs: this.#now, epoch }
    const deed: LetterDeed = { kind, ...place, state: 'sent' }
    if (kind === 'reject') {
      letter.rejects.set(queue.name, (letter.rejects.get(queue.name) ?? 0) + 1)
    }
    sight.deed = deed
    letter.deeds.push(deed)
    this.#deeds.push(deed)
  }

  #onDone(deed: LetterDeed): void {
    if (deed.state === 'sent' && deed.epoch === this.#world.history.epoch) deed.state = 'done'
  }

  #onConfirm(deliveryTag: number, isMultiple: boolean, isAck: boolean): void {
    for (const [number, letter] of this.#unconfirmed) {
      if (isMultiple ? number > deliveryTag : number !== deliveryTag) continue
      this.#unconfirmed.delete(number)
      this.#note(`${isAck ? 'confirm' : 'refusal'} of ${letter.id}`)
      if (isAck) this.#letters.onConfirmed(letter, this.#now)
      else this.#letters.onRefused(letter)
    }
  }

  #onDelivery(received: Received<amqp.BasicDeliver>): void {
    const queue = this.#consumed.get(received.method.consumerTag)
    if (queue === undefined) throw new Error('a delivery for nobody')
    this.#onTaken(received, queue, { askedAtMs: undefined, ruledTtlMs: undefined })
  }

  #onTaken(
    { method, properties, body }: Delivery,
    queue: RuleQueue,
    asked: { readonly askedAtMs: number | undefined; readonly ruledTtlMs: number | undefined },
  ): void {
    const letter = this.#letters.get(properties.messageId, queue)
    const deaths = readDeaths(properties.headers)
    const tag = method.deliveryTag
    this.#note(`gets ${letter.id} from ${queue.name} as ${tag} [${describeDeaths(deaths)}]`)
    if (!body.equals(bodyOf(letter.plan))) {
      throw this.#world.history.fail(`${String(letter)} came out with ${body.length} bytes`)
    }
    // The broker may have given it to somebody else since it was sent here.
    if (this.mayHaveLost) return
    const deliveryCount = Number(properties.headers?.get('x-delivery-count')?.value ?? 0)
    const nowMs = this.#now
    const isRedelivered = method.redelivered
    const seen = { letter, queue, deaths, isRedelivered, deliveryCount, holder: this, nowMs }
    judgeLetter(this.#letters, { ...seen, ...asked })
    const { epoch } = this.#world.history
    const died = describeDeaths(deaths)
    const state = { queue, deaths: died, deathCount: deathCountOf(deaths), deliveryCount, epoch }
    letter.sight = { ...state, holder: this, deed: undefined }
    letter.deeds.length = 0
    this.#rejectsSeen.set(letter, deathsIn(deaths, queue.name, 'rejected'))
    this.unacked.set(tag, letter)
  }

  #note(what: string): void {
    this.#world.history.onNote(this.name, what)
  }

  get #letters(): Letters {
    return this.#rules.letters
  }

  get #now(): number {
    return this.#world.clock.monotonic()
  }
}

/** The channel was closed because there is no such queue. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Ended && error.code === 404
}
