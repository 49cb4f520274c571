// Plays a script against a broker and writes down all that a client can see of it. Two brokers that
// behave alike give the same transcript.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  type ConsumeMessage,
  type Message,
} from 'amqplib'
import { replyText } from '../support/amqp-session.ts'
import { within } from '../support/wait-for.ts'
import { describeMessage } from './describe-message.ts'
import { describeOperation, type Operation } from './operation.ts'
import { exchangesOf, queuesOf, scriptOf } from './script.ts'

/** Between two looks at a broker that should have come to rest. */
const restMs = 12
/** Looks that have to be the same. */
const restLooks = 2
const restMsMax = 3000

/** A delivery that is not settled. */
interface Held {
  readonly message: Message
  /** Consumer or queue. */
  readonly from: string
}

export interface Step {
  readonly operation: Operation
  /** What the client heard: the answer, then deliveries, then the counts of the queues. */
  readonly lines: readonly string[]
}

/** Plays the script of a seed and leaves nothing behind. */
export async function playScript(url: string, seed: number, length: number): Promise<Step[]> {
  const player = new Player(await connect(url), url, queuesOf(seed))
  const steps: Step[] = []
  try {
    for (const operation of scriptOf(seed, length)) {
      steps.push({ operation, lines: await player.play(operation) })
    }
  } finally {
    await player.clear(queuesOf(seed), exchangesOf(seed))
  }
  return steps
}

class Player {
  #model: ChannelModel
  readonly #url: string
  readonly #queues: readonly string[]
  #work: ConfirmChannel | undefined
  #observer: Channel | undefined
  /** Why a channel, or the connection, was closed by the broker since the last step. */
  #closes: string[] = []
  #held: Held[] = []
  /** Deliveries and returns since the last step. */
  #arrived: string[] = []
  #arrivedCount = 0

  constructor(model: ChannelModel, url: string, queues: readonly string[]) {
    this.#url = url
    this.#queues = queues
    this.#model = this.#watched(model)
  }

  async play(operation: Operation): Promise<string[]> {
    this.#arrived = []
    this.#closes = []
    const answer = await within(
      describeOperation(operation),
      this.#do(operation).catch((error: Error) => this.#onFailed(error)),
      20_000,
    )
    const counts = await this.#rest()
    return [
      ...(answer === undefined ? [] : [answer]),
      ...this.#closes,
      ...this.#arrived.toSorted(byConsumer),
      counts,
    ]
  }

  /** Deletes what the script has left. */
  async clear(queues: readonly string[], exchanges: readonly string[]): Promise<void> {
    await this.#model.close().catch(() => undefined)
    const model = await connect(this.#url)
    const channel = await model.createChannel()
    for (const queue of queues) await channel.deleteQueue(queue)
    for (const exchange of exchanges) await channel.deleteExchange(exchange)
    await model.close()
  }

  #watched(model: ChannelModel): ChannelModel {
    model.on('error', (error: Error) => this.#closes.push(`connection: ${replyText(error)}`))
    return model
  }

  async #onFailed(error: Error): Promise<string | undefined> {
    // Why is in what the channel or the connection has heard.
    await delay(restMs)
    return this.#closes.length > 0 ? undefined : `failed: ${error.message}`
  }

  async #channel(): Promise<ConfirmChannel> {
    this.#work ??= await this.#open()
    return this.#work
  }

  async #open(): Promise<ConfirmChannel> {
    const channel = await this.#connected((model) => model.createConfirmChannel())
    channel.on('error', (error: Error) => this.#closes.push(`channel: ${replyText(error)}`))
    channel.on('close', () => {
      if (this.#work !== channel) return
      this.#work = undefined
      this.#held = []
    })
    channel.on('return', (message: Message) => {
      const { replyCode, replyText: text } = message.fields as unknown as Record<string, unknown>
      this.#arrive('returned', `${String(replyCode)} ${String(text)} ${describeMessage(message)}`)
    })
    return channel
  }

  /** After an error of the connection there is a new one. */
  async #connected<T>(open: (model: ChannelModel) => Promise<T>): Promise<T> {
    try {
      return await open(this.#model)
    } catch {
      this.#work = undefined
      this.#observer = undefined
      this.#held = []
      this.#model = this.#watched(await connect(this.#url))
      return open(this.#model)
    }
  }

  async #do(operation: Operation): Promise<string | undefined> {
    switch (operation.kind) {
      case 'publish':
        return this.#publish(await this.#channel(), operation)
      case 'get':
        return this.#get(await this.#channel(), operation)
      case 'consume':
        return this.#consume(await this.#channel(), operation)
      case 'settle':
        return this.#settle(await this.#channel(), operation)
      case 'transaction':
        return this.#transact(operation)
      case 'closeChannel':
        await this.#work?.close()
        return undefined
      case 'wait':
        await delay(operation.ms)
        return undefined
      default:
        return callChannel(await this.#channel(), operation)
    }
  }

  async #publish(
    channel: ConfirmChannel,
    operation: Operation & { kind: 'publish' },
  ): Promise<string> {
    const { exchange, key, mandatory, properties, body } = operation
    return new Promise((resolve, reject) => {
      const options = { mandatory, ...properties } as Parameters<Channel['publish']>[3]
      const onClose = (): void => reject(new Error('closed'))
      channel.once('close', onClose)
      channel.publish(exchange, key, Buffer.from(body), options, (error) => {
        channel.off('close', onClose)
        resolve(error === null ? 'confirmed' : 'refused')
      })
    })
  }

  async #get(channel: Channel, { queue, noAck }: Operation & { kind: 'get' }): Promise<string> {
    const message = await channel.get(queue, { noAck })
    if (message === false) return 'empty'
    if (!noAck) this.#hold(message, queue)
    const { messageCount } = message.fields
    return `got ${describeMessage(message)}, ${messageCount} left`
  }

  async #consume(
    channel: Channel,
    { queue, tag, noAck, exclusive, prefetch, args }: Operation & { kind: 'consume' },
  ): Promise<string> {
    await channel.prefetch(prefetch)
    const options = { consumerTag: tag, noAck, exclusive, arguments: { ...args } }
    await channel.consume(queue, (message) => this.#onDelivery(tag, noAck, message), options)
    return 'consumes'
  }

  #onDelivery(tag: string, noAck: boolean, message: ConsumeMessage | null): void {
    if (message === null) {
      this.#arrive(tag, 'cancelled')
      return
    }
    if (!noAck) this.#hold(message, tag)
    this.#arrive(tag, describeMessage(message))
  }

  #hold(message: Message, from: string): void {
    this.#held.push({ message, from })
  }

  #arrive(who: string, what: string): void {
    this.#arrived.push(`${who}: ${what}`)
    this.#arrivedCount++
  }

  /** Deliveries of several queues come in any order, so they are told apart by what is in them. */
  async #settle(
    channel: Channel,
    { how, place, multiple }: Operation & { kind: 'settle' },
  ): Promise<string> {
    const held = this.#held.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    if (held.length === 0) return 'nothing is held'
    const chosen = held[Math.floor(place * held.length)] as Held
    // A tag of zero means all.
    const message = multiple ? withTag(chosen.message, 0) : chosen.message
    const isReject = how === 'reject' || how === 'rejectRequeue'
    this.#held = multiple && !isReject ? [] : this.#held.filter((each) => each !== chosen)
    if (how === 'ack') channel.ack(message, multiple)
    else if (isReject) channel.reject(chosen.message, how === 'rejectRequeue')
    else channel.nack(message, multiple, how === 'requeue')
    return `${how} of ${multiple && !isReject ? 'all' : nameOf(chosen)}`
  }

  async #transact({ steps, end }: Operation & { kind: 'transaction' }): Promise<string> {
    const channel = await this.#connected((model) => model.createChannel())
    channel.on('error', (error: Error) => this.#closes.push(`transaction: ${replyText(error)}`))
    const heard: string[] = []
    channel.on('return', (message: Message) => heard.push(`returned ${describeMessage(message)}`))
    const rpc = transactionMethods(channel)
    await rpc.select()
    for (const step of steps) {
      if (step.kind === 'publish') {
        const { exchange, key, mandatory, properties, body } = step
        const options = { mandatory, ...properties } as Parameters<Channel['publish']>[3]
        channel.publish(exchange, key, Buffer.from(body), options)
      } else if (step.kind === 'get') {
        const message = await channel.get(step.queue, { noAck: step.noAck })
        heard.push(message === false ? 'empty' : `got ${describeMessage(message)}`)
        if (message !== false && !step.noAck) channel.ack(message)
      }
    }
    await (end === 'commit' ? rpc.commit() : rpc.rollback())
    await channel.close()
    return `${end} ${heard.join(', ')}`
  }

  /** Waits until nothing moves any more, and says what is in the queues then. */
  async #rest(): Promise<string> {
    const end = performance.now() + restMsMax
    let last = ''
    for (let same = 0; same < restLooks;) {
      const found = `${await this.#counts()} ${this.#arrivedCount}`
      same = found === last ? same + 1 : 0
      last = found
      if (performance.now() > end) break
      await delay(restMs)
    }
    return last.slice(0, last.lastIndexOf(' '))
  }

  async #counts(): Promise<string> {
    const counts: string[] = []
    for (const queue of this.#queues) {
      const count = await this.#countOf(queue)
      if (count !== undefined) counts.push(`${queue} ${count}`)
    }
    return counts.join(', ')
  }

  async #countOf(queue: string): Promise<string | undefined> {
    try {
      this.#observer ??= await this.#openObserver()
      const { messageCount, consumerCount } = await this.#observer.checkQueue(queue)
      return `${messageCount}/${consumerCount}`
    } catch {
      this.#observer = undefined
      return undefined
    }
  }

  async #openObserver(): Promise<Channel> {
    const channel = await this.#connected((model) => model.createChannel())
    channel.on('error', () => undefined)
    return channel
  }
}

/** Calls that are one method and its answer. */
async function callChannel(channel: Channel, operation: Operation): Promise<string> {
  switch (operation.kind) {
    case 'declareQueue': {
      const { queue, durable, autoDelete, exclusive, args } = operation
      const options = { durable, autoDelete, exclusive, arguments: { ...args } }
      const { messageCount, consumerCount } = await channel.assertQueue(queue, options)
      return `declared ${messageCount} ${consumerCount}`
    }
    case 'checkQueue': {
      const { messageCount, consumerCount } = await channel.checkQueue(operation.queue)
      return `there ${messageCount} ${consumerCount}`
    }
    case 'deleteQueue': {
      const { queue, ifUnused, ifEmpty } = operation
      return `deleted ${(await channel.deleteQueue(queue, { ifUnused, ifEmpty })).messageCount}`
    }
    case 'purgeQueue':
      return `purged ${(await channel.purgeQueue(operation.queue)).messageCount}`
    case 'declareExchange': {
      const { exchange, type, durable, autoDelete, internal, args } = operation
      const options = { durable, autoDelete, internal, arguments: { ...args } }
      await channel.assertExchange(exchange, type, options)
      return 'declared'
    }
    case 'checkExchange':
      await channel.checkExchange(operation.exchange)
      return 'there'
    case 'deleteExchange':
      await channel.deleteExchange(operation.exchange, { ifUnused: operation.ifUnused })
      return 'deleted'
    case 'cancel':
      await channel.cancel(operation.tag)
      return 'cancelled'
    case 'recover':
      await channel.recover()
      return 'recovered'
    case 'settleUnknown': {
      const closed = once(channel, 'close')
      channel.ack({ fields: { deliveryTag: operation.tag } } as unknown as Message)
      await closed
      return 'closed'
    }
    default:
      return bind(channel, operation)
  }
}

async function bind(channel: Channel, operation: Operation): Promise<string> {
  if (!('source' in operation)) throw new TypeError(`No call for ${operation.kind}`)
  const { kind, destination, source, key, args } = operation
  await channel[kind](destination, source, key, { ...args })
  return kind
}

const byConsumer = (a: string, b: string): number => {
  const [left, right] = [a, b].map((line) => line.slice(0, line.indexOf(':')))
  return (left as string).localeCompare(right as string)
}

function nameOf({ message, from }: Held): string {
  return `${message.content.toString()} from ${from}`
}

function withTag(message: Message, deliveryTag: number): Message {
  return { ...message, fields: { ...message.fields, deliveryTag } }
}

interface Transaction {
  select(): Promise<unknown>
  commit(): Promise<unknown>
  rollback(): Promise<unknown>
}

/** amqplib has the methods and no functions for them. */
function transactionMethods(channel: Channel): Transaction {
  const internal = channel as unknown as {
    rpc(method: number, fields: object, expected: number): Promise<unknown>
  }
  const [select, selectOk, commit, commitOk, rollback, rollbackOk] = [10, 11, 20, 21, 30, 31].map(
    (id) => (90 << 16) | id,
  ) as [number, number, number, number, number, number]
  return {
    select: () => internal.rpc(select, {}, selectOk),
    commit: () => internal.rpc(commit, {}, commitOk),
    rollback: () => internal.rpc(rollback, {}, rollbackOk),
  }
}
