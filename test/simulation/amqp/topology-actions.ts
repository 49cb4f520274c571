// Declarations of a session, noted in the model. A name is locked while it changes, until the broker is known
// to have done it or to be unable to.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { emptyTable, type FieldTable, table } from '../../../src/record/message/field-table.ts'
import type { QueueKind, QueueLife } from '../model/queue-life.ts'
import type { ExchangeType } from '../model/topology.ts'
import type { World } from '../world.ts'
import type { Session } from './session.ts'

export class TopologyActions {
  readonly #world: World
  readonly #session: Session

  constructor(world: World, session: Session) {
    this.#world = world
    this.#session = session
  }

  async declareExchange(name: string, type: ExchangeType): Promise<void> {
    const { history, topology } = this.#world.model
    const exchange = topology.exchangeOf(name, type)
    const method = {
      id: amqp.EXCHANGE_DECLARE,
      exchange: name,
      type,
      passive: false,
      durable: true,
      autoDelete: false,
      internal: false,
      noWait: false,
      arguments: emptyTable,
    } as const
    await this.#session.call(method, () => exchange.presence.set(history.next(), 'yes'))
  }

  /** Declares a queue that may be there already, as it is. */
  async declareQueue(name: string, kind: QueueKind, partitionCount = 1): Promise<QueueLife> {
    const { history, topology } = this.#world.model
    return this.#whileLocked(name, async () => {
      const queue = topology.queueOf(name, kind)
      const askedAt = history.next()
      if (queue.presence.state !== 'yes') queue.presence.set(askedAt, 'maybe')
      if (kind.isExclusive) this.#endWithConnection(queue)
      const isKnown = queue.presence.state === 'yes'
      const wasQuiet = queue.takers.watch()
      const method = {
        id: amqp.QUEUE_DECLARE,
        queue: name,
        passive: false,
        durable: queue.kind.isDurable,
        exclusive: queue.kind.isExclusive,
        autoDelete: queue.kind.isAutoDelete,
        noWait: false,
        arguments: argumentsOf(queue.kind, partitionCount),
      } as const
      await this.#session.call<amqp.QueueDeclareOk>(method, ({ messageCount }) => {
        if (!queue.hasEnded) queue.presence.set(history.next(), 'yes')
        if (queue.kind.type === 'stream') queue.onCreated(partitionCount, undefined)
        else if (isKnown && wasQuiet()) this.#checkCount(queue, messageCount, askedAt)
      })
      return queue
    })
  }

  async deleteQueue(queue: QueueLife): Promise<void> {
    const { topology } = this.#world.model
    await this.#whileLocked(queue.name, async () => {
      if (queue.presence.state !== 'yes') return
      topology.doubt(queue)
      const method = {
        id: amqp.QUEUE_DELETE,
        queue: queue.name,
        ifUnused: false,
        ifEmpty: false,
        noWait: false,
      } as const
      await this.#session.call(method, () => topology.end(queue))
    })
  }

  async bind(queue: QueueLife, exchange: string, routingKey: string): Promise<void> {
    const { history, topology } = this.#world.model
    await this.#whileLocked(queue.name, async () => {
      if (queue.presence.state !== 'yes') return
      const { presence } = topology.bindingOf(exchange, routingKey, queue)
      if (presence.state !== 'yes') presence.set(history.next(), 'maybe')
      const ends = { queue: queue.name, exchange, routingKey }
      const method = { id: amqp.QUEUE_BIND, ...ends, noWait: false, arguments: emptyTable } as const
      await this.#session.call(method, () => {
        if (!queue.hasEnded) presence.set(history.next(), 'yes')
      })
    })
  }

  async unbind(queue: QueueLife, exchange: string, routingKey: string): Promise<void> {
    const { history, topology } = this.#world.model
    await this.#whileLocked(queue.name, async () => {
      if (queue.presence.state !== 'yes') return
      const { presence } = topology.bindingOf(exchange, routingKey, queue)
      if (presence.state !== 'no') presence.set(history.next(), 'maybe')
      const ends = { queue: queue.name, exchange, routingKey }
      const method = { id: amqp.QUEUE_UNBIND, ...ends, arguments: emptyTable } as const
      await this.#session.call(method, () => presence.set(history.next(), 'no'))
    })
  }

  /** Drops what is ready: some of it certainly, what is on its way perhaps. */
  async purge(queue: QueueLife): Promise<void> {
    const { model } = this.#world
    await this.#whileLocked(queue.name, async () => {
      if (queue.presence.state !== 'yes') return
      const askedAt = model.history.next()
      const purges = [...queue.possiblyReady()].map((entry) => {
        const deed = model.newDeed(`purge by ${this.#session.name}`)
        entry.settlements.push(deed)
        return { entry, deed }
      })
      const wasQuiet = queue.takers.watch()
      const known = [...queue.certainBut(purges, askedAt)]
      let isAnswered = false
      // Whatever has become ready since the request may be gone, too: what came back after a delivery.
      const doubtOthers = (): void => {
        for (const entry of queue.possiblyReady()) {
          if (!entry.mayBeSettled) entry.mayBeLost = true
        }
      }
      this.#session.channel.connection.link.whenClosedByBroker(() => {
        for (const { deed } of purges) deed.toDoubtful()
        if (!isAnswered) doubtOthers()
      })
      const method = { id: amqp.QUEUE_PURGE, queue: queue.name, noWait: false } as const
      await this.#session.call<amqp.QueuePurgeOk>(method, ({ messageCount }) => {
        const certain = new Set(wasQuiet() ? known : [])
        for (const { entry, deed } of purges) {
          if (certain.has(entry)) deed.toDurable('the queue was purged')
          else deed.toDoubtful()
        }
        isAnswered = true
        doubtOthers()
        if (messageCount >= certain.size) return
        throw model.history.fail(`${queue.name} was purged of ${messageCount}, not ${certain.size}`)
      })
    })
  }

  #checkCount(queue: QueueLife, count: number, askedAt: number): void {
    const least = [...queue.certainlyReady(askedAt)].length
    const most = [...queue.possiblyReady()].length
    const isLate = this.#session.isGone
    if (isLate || (count >= least && count <= most)) return
    const certain = [...queue.certainlyReady(askedAt)].map(String).join('\n  ')
    throw this.#world.history.fail(
      `${queue.name} has ${count} messages, not ${least} … ${most}; certain are\n  ${certain}`,
    )
  }

  /** An exclusive queue goes with its connection. */
  #endWithConnection(queue: QueueLife): void {
    const { link } = this.#session.channel.connection
    link.whenClosing(() => {
      if (!queue.hasEnded) queue.presence.set(this.#world.history.next(), 'maybe')
    })
    link.whenClosedByBroker(() => {
      if (!queue.hasEnded) this.#world.model.topology.end(queue)
    })
  }

  /** The lock is kept while the broker may still do what it was asked. */
  async #whileLocked<T>(name: string, action: () => Promise<T>): Promise<T> {
    const free = await this.#world.locks.take(name)
    try {
      const result = await action()
      free()
      return result
    } catch (error) {
      this.#session.channel.connection.link.whenClosedByBroker(free)
      throw error
    }
  }
}

function argumentsOf({ type, highestPriority }: QueueKind, partitionCount: number): FieldTable {
  if (highestPriority !== undefined) return table({ 'x-max-priority': highestPriority })
  if (type === 'queue') return emptyTable
  return table({ 'x-queue-type': 'stream', 'x-partitions': partitionCount })
}
