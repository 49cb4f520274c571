// Plays a script against a broker and writes down all that a client can see of it. Two brokers that
// behave alike give the same transcript.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Channel, type ConfirmChannel, type ConsumeMessage, type Message } from 'amqplib'
import { within } from '../support/wait-for.ts'
import { administer } from './administer.ts'
import { describeClose } from './describe-close.ts'
import { describeMessage } from './describe-message.ts'
import type { Endpoints } from './endpoints.ts'
import { type AccessOperation, describeOperation, type Operation } from './operation.ts'
import { PlayerConnections } from './player-connections.ts'
import { namesOf, type ScriptChoice, type ScriptNames, scriptOf } from './script.ts'
import { ShortLives, shortMs } from './short-lives.ts'

/** Between two looks at a broker that should have come to rest. */
const restMs = 12
/** Looks that have to be the same. */
const restLooks = 2
const restMsMax = 3000
/** How much later than its time a message may be gone. */
const endsLateMs = 50

/** A delivery that is not settled. */
interface Held {
  readonly message: Message
  /** Consumer or queue. */
  readonly from: string
  readonly channel: Channel
}

export interface Step {
  readonly operation: Operation
  /** What the client heard: the answer, then deliveries, then the counts of the queues. */
  readonly lines: readonly string[]
}

/** Plays a script and leaves nothing behind. `patience`: how many times the usual time a broker has to come to rest. */
export async function playScript(
  broker: Endpoints,
  choice: ScriptChoice,
  patience = 1,
): Promise<Step[]> {
  const names = namesOf(choice.seed)
  const path = `/api/vhosts/${names.home}`
  await administer(broker, { method: 'PUT', path, body: {} })
  const amqp = new URL(names.home, broker.amqp).href
  const player = new Player({ ...broker, amqp }, names.queues, choice.hasAccess, patience)
  const steps: Step[] = []
  try {
    for (const operation of scriptOf(choice)) {
      steps.push({ operation, lines: await player.play(operation) })
    }
  } finally {
    await player.close()
    await clearAfter(broker, names)
  }
  return steps
}

class Player {
  readonly #broker: Endpoints
  readonly #queues: readonly string[]
  readonly #connections: PlayerConnections
  readonly #patience: number
  readonly #shortLives = new ShortLives()
  #work: ConfirmChannel | undefined
  /** Why a channel, or a connection, was closed by the broker since the last step. */
  #closes: string[] = []
  #held: Held[] = []
  /** Deliveries and returns since the last step. */
  #arrived: string[] = []
  #arrivedCount = 0

  constructor(broker: Endpoints, queues: readonly string[], hasAccess: boolean, patience: number) {
    this.#broker = broker
    this.#patience = patience
    this.#queues = queues
    this.#connections = new PlayerConnections(broker.amqp, hasAccess, {
      onClose: (text) => this.#closes.push(text),
      onLost: () => {
        this.#work = undefined
        this.#held = []
      },
    })
  }

  async play(operation: Operation): Promise<string[]> {
    this.#arrived = []
    this.#closes = []
    const answer = await within(
      describeOperation(operation),
      this.#do(operation).catch((error: Error) => this.#onFailed(error)),
      20_000,
    )
    const hasShort = this.#shortLives.mayBeThere(operation, this.#closes.length > 0)
    const counts = hasShort ? await this.#outlive() : await this.#rest()
    return [
      ...(answer === undefined ? [] : [answer]),
      ...this.#closes.toSorted(),
      ...this.#arrived.toSorted(byConsumer),
      counts,
    ]
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  async #onFailed(error: Error): Promise<string | undefined> {
    // Why is in what the channel or the connection has heard.
    await delay(restMs * this.#patience)
    return this.#closes.length > 0 ? undefined : `failed: ${describeClose(error)}`
  }

  async #channel(): Promise<ConfirmChannel> {
    this.#work ??= await this.#open()
    return this.#work
  }

  async #open(): Promise<ConfirmChannel> {
    const model = await this.#connections.working()
    const channel = await model.createConfirmChannel()
    channel.on('error', (error: Error) => this.#closes.push(`channel: ${describeClose(error)}`))
    channel.on('close', () => {
      if (this.#work === channel) this.#work = undefined
      this.#held = this.#held.filter((each) => each.channel !== channel)
    })
    channel.on('return', (message: Message) => {
      const { replyCode, replyText: text } = message.fields as unknown as Record<string, unknown>
      this.#arrive('returned', `${String(replyCode)} ${String(text)} ${describeMessage(message)}`)
    })
    return channel
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
        return this.#settle(operation)
      case 'transaction':
        return this.#transact(operation)
      case 'closeChannel':
        await this.#work?.close()
        return undefined
      case 'wait':
        await delay(operation.ms)
        return undefined
      case 'administer':
      case 'login':
      case 'openSpare':
      case 'closeSpares':
      case 'openChannels':
        return this.#access(operation)
      default:
        return callChannel(await this.#channel(), operation)
    }
  }

  async #access(operation: AccessOperation): Promise<string> {
    switch (operation.kind) {
      case 'administer':
        return this.#administer(operation)
      case 'login':
        await this.#connections.login(operation)
        return 'open'
      case 'openSpare':
        await this.#connections.openSpare(operation)
        return 'open'
      case 'closeSpares':
        return `closed ${await this.#connections.closeSpares()}`
      default:
        return this.#openChannels(operation.count)
    }
  }

  /**
   * The next operation has a channel of its own: RabbitMQ's remember for a while what was permitted.
   * Consumers stay where they are.
   */
  async #administer(operation: AccessOperation & { kind: 'administer' }): Promise<string> {
    const { ends } = operation
    const ended = ends && this.#connections.ended(ends)
    const status = await administer(this.#broker, operation)
    await ended
    this.#work = undefined
    return `status ${status}`
  }

  async #openChannels(count: number): Promise<string> {
    const model = await this.#connections.working()
    for (let n = 0; n < count; n++) {
      const channel = await model.createChannel()
      channel.on('error', () => undefined)
    }
    return `opened ${count}`
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
    if (!noAck) this.#held.push({ message, from: queue, channel })
    const { messageCount } = message.fields
    return `got ${describeMessage(message)}, ${messageCount} left`
  }

  async #consume(
    channel: Channel,
    { queue, tag, noAck, exclusive, prefetch, args }: Operation & { kind: 'consume' },
  ): Promise<string> {
    await channel.prefetch(prefetch)
    const options = { consumerTag: tag, noAck, exclusive, arguments: { ...args } }
    const onDelivery = (message: ConsumeMessage | null): void => {
      if (message === null) {
        this.#arrive(tag, 'cancelled')
        return
      }
      if (!noAck) this.#held.push({ message, from: tag, channel })
      this.#arrive(tag, describeMessage(message))
    }
    await channel.consume(queue, onDelivery, options)
    return 'consumes'
  }

  #arrive(who: string, what: string): void {
    this.#arrived.push(`${who}: ${what}`)
    this.#arrivedCount++
  }

  /** Deliveries of several queues come in any order, so they are told apart by what is in them. */
  async #settle({ how, place, multiple }: Operation & { kind: 'settle' }): Promise<string> {
    // Fails when the user may not be there any more.
    await this.#channel()
    const held = this.#held.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    if (held.length === 0) return 'nothing is held'
    const chosen = held[Math.floor(place * held.length)] as Held
    const { channel } = chosen
    // A tag of zero means all.
    const message = multiple ? withTag(chosen.message, 0) : chosen.message
    const isReject = how === 'reject' || how === 'rejectRequeue'
    const isSettled = (each: Held): boolean =>
      multiple && !isReject ? each.channel === channel : each === chosen
    this.#held = this.#held.filter((each) => !isSettled(each))
    if (how === 'ack') channel.ack(message, multiple)
    else if (isReject) channel.reject(chosen.message, how === 'rejectRequeue')
    else channel.nack(message, multiple, how === 'requeue')
    return `${how} of ${multiple && !isReject ? 'all' : nameOf(chosen)}`
  }

  async #transact({ steps, end }: Operation & { kind: 'transaction' }): Promise<string> {
    const model = await this.#connections.working()
    const channel = await model.createChannel()
    channel.on('error', (error: Error) => this.#closes.push(`transaction: ${describeClose(error)}`))
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

  /** Waits until what lives for a short time is gone; a dead letter may live for one more in its new queue. */
  async #outlive(): Promise<string> {
    for (let last = await this.#rest(); ;) {
      const hasMessages = / [1-9]\d*\//.test(last)
      if (!hasMessages) return last
      await delay(shortMs + endsLateMs * this.#patience)
      const found = await this.#rest()
      if (found === last) return found
      last = found
    }
  }

  /** Waits until nothing moves any more, and says what is in the queues then. */
  async #rest(): Promise<string> {
    const end = performance.now() + restMsMax * this.#patience
    let last = ''
    for (let same = 0; same < restLooks;) {
      const found = `${await this.#counts()} ${this.#arrivedCount}`
      same = found === last ? same + 1 : 0
      last = found
      if (performance.now() > end) break
      await delay(restMs * this.#patience)
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
      const observer = await this.#connections.observer()
      const { messageCount, consumerCount } = await observer.checkQueue(queue)
      return `${messageCount}/${consumerCount}`
    } catch {
      return undefined
    }
  }
}

/** Deletes what a script has left. */
async function clearAfter(broker: Endpoints, { users, home, vhost }: ScriptNames): Promise<void> {
  const paths = [...users.map((user) => `users/${user}`), `vhosts/${home}`, `vhosts/${vhost}`]
  for (const path of paths) await administer(broker, { method: 'DELETE', path: `/api/${path}` })
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
