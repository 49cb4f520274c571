// A client that declares, binds, fills, purges, unbinds and deletes queues and an exchange of its own.

import type { ConfirmChannel } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { Churn, ChurnBinding, ChurnQueue, Presence } from './churn.ts'
import type { Time } from './history.ts'
import type { ActorSession, Load } from './load.ts'
import { RecordedChannel } from './publisher.ts'

export async function churnUntilKilled(
  load: Load,
  actor: ActorSession,
  { name, random, churn }: { name: string; random: Random; churn: Churn },
): Promise<void> {
  const amqp = await actor.session.confirmChannel()
  const channel = new RecordedChannel(amqp, load.ledger, name)
  const churner = new Churner(load, channel, { actor, random, churn })
  await churner.declareVolatile()
  while (!actor.isClosed()) await churner.step()
}

class Churner {
  readonly #load: Load
  readonly #channel: RecordedChannel
  readonly #amqp: ConfirmChannel
  readonly #actor: ActorSession
  readonly #random: Random
  readonly #churn: Churn

  constructor(
    load: Load,
    channel: RecordedChannel,
    { actor, random, churn }: { actor: ActorSession; random: Random; churn: Churn },
  ) {
    this.#load = load
    this.#channel = channel
    this.#amqp = channel.channel
    this.#actor = actor
    this.#random = random
    this.#churn = churn
  }

  /** Queues that get messages now and may not be there after a crash. */
  async declareVolatile(): Promise<void> {
    const { transientQueue, exclusiveQueue } = this.#churn
    await this.#amqp.assertQueue(transientQueue, { durable: false })
    await this.#amqp.assertQueue(exclusiveQueue, { exclusive: true })
    for (const queue of [transientQueue, exclusiveQueue]) {
      await this.#amqp.bindQueue(queue, 'fan', '')
    }
  }

  async step(): Promise<void> {
    const { exchange } = this.#churn
    const queue = this.#pick(this.#churn.queues)
    const binding = this.#pick(this.#churn.bindings)
    const kind = this.#random.below(20)
    if (exchange.presence === 'absent') await this.#declareExchange()
    else if (kind === 0) await this.#deleteExchange()
    else if (queue.presence === 'absent') await this.#declareQueue(queue)
    else if (kind < 4) await this.#deleteQueue(queue)
    else if (kind < 6) await this.#purge(queue)
    else if (kind < 11) await this.#toggle(binding)
    else if (kind < 15) await this.#take(queue)
    else await this.#fill(queue, binding)
  }

  async #declareExchange(): Promise<void> {
    const { exchange } = this.#churn
    await this.#change(`declares exchange ${exchange.name}`, exchange, 'present', () =>
      this.#amqp.assertExchange(exchange.name, 'direct', { durable: true }),
    )
  }

  async #deleteExchange(): Promise<void> {
    const { exchange, bindings } = this.#churn
    await this.#change(`deletes exchange ${exchange.name}`, exchange, 'absent', () =>
      this.#amqp.deleteExchange(exchange.name),
    )
    for (const binding of bindings) binding.presence = 'absent'
  }

  async #declareQueue(queue: ChurnQueue): Promise<void> {
    queue.arguments = { 'x-max-length': 1_000_000 + this.#random.below(1000) }
    const options = { durable: true, arguments: queue.arguments }
    await this.#change(`declares ${queue.name}`, queue, 'present', () =>
      this.#amqp.assertQueue(queue.name, options),
    )
  }

  async #deleteQueue(queue: ChurnQueue): Promise<void> {
    await this.#change(`deletes ${queue.name}`, queue, 'absent', () =>
      this.#amqp.deleteQueue(queue.name),
    )
    this.#load.ledger.queue(queue.name).forgetAll('its queue was deleted')
    for (const binding of this.#churn.bindingsOf(queue.name)) binding.presence = 'absent'
  }

  async #toggle(binding: ChurnBinding): Promise<void> {
    const { exchange, queues } = this.#churn
    const { queue, key } = binding
    if (queues.find(({ name }) => name === queue)?.presence !== 'present') return
    if (binding.presence === 'present') {
      await this.#change(`unbinds ${key}`, binding, 'absent', () =>
        this.#amqp.unbindQueue(queue, exchange.name, key),
      )
    } else {
      await this.#change(`binds ${key}`, binding, 'present', () =>
        this.#amqp.bindQueue(queue, exchange.name, key),
      )
    }
  }

  async #purge({ name }: ChurnQueue): Promise<void> {
    const { ledger } = this.#load
    const { stream } = this.#channel
    const sentAt = ledger.history.note(stream.name, 'purges', name)
    const purged = [...ledger.queue(name).copies.values()].filter(({ removal }) => !removal)
    const why = `${stream.name} purges the queue at ${sentAt}`
    for (const copy of purged) {
      ledger.remove(copy, { why, stream, sentAt, transaction: undefined })
    }
    const { messageCount } = await this.#amqp.purgeQueue(name)
    ledger.history.note(stream.name, `got purge-ok (${messageCount})`, name)
    ledger.replied(stream, sentAt)
    if (messageCount > 0) ledger.durable(stream, sentAt)
    for (const { removal } of purged) if (removal) removal.isCertain = true
    if (messageCount === purged.length) return
    ledger.violate(name, '', `a purge of ${purged.length} messages found ${messageCount}`)
  }

  async #take({ name }: ChurnQueue): Promise<void> {
    const { ledger } = this.#load
    const { stream } = this.#channel
    const queue = ledger.queue(name)
    for (let left = this.#random.below(4); left > 0; left--) {
      const message = await this.#amqp.get(name)
      const copy = message && ledger.received(stream.name, queue, message)
      if (!message || !copy) return
      const sentAt = ledger.history.note(stream.name, 'acks', name, copy.message.id)
      const why = `${stream.name} acks it at ${sentAt}`
      ledger.remove(copy, { why, stream, sentAt, transaction: undefined })
      this.#amqp.ack(message)
    }
  }

  /** Publishes to the queue, directly and through the exchange, and waits for the confirms. */
  async #fill({ name }: ChurnQueue, binding: ChurnBinding): Promise<void> {
    const { ledger } = this.#load
    const { exchange } = this.#churn
    const bound = binding.presence === 'present' ? [ledger.queue(binding.queue)] : []
    for (let left = 1 + this.#random.below(10); left > 0; left--) {
      const common = { seed: this.#random.below(0x1_0000_0000), sizes: 'mixed' } as const
      const isDirect = this.#random.below(2) === 0
      const target = isDirect
        ? { exchange: '', routingKey: name, queues: [ledger.queue(name)] }
        : { exchange: exchange.name, routingKey: binding.key, queues: bound }
      this.#channel.send({ ...common, ...target }, {})
    }
    while (this.#channel.unconfirmed > 0 && !this.#actor.isClosed()) {
      await Promise.race([this.#channel.confirm(), this.#actor.closed])
    }
  }

  async #change(
    text: string,
    thing: { presence: Presence },
    becomes: Presence,
    act: () => Promise<unknown>,
  ): Promise<void> {
    const { ledger } = this.#load
    const { stream } = this.#channel
    const sentAt: Time = ledger.history.note(stream.name, text)
    thing.presence = 'unsure'
    await act()
    thing.presence = becomes
    ledger.history.note(stream.name, `${text}: ok`)
    ledger.replied(stream, sentAt)
    ledger.durable(stream, sentAt)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)] as T
  }
}
