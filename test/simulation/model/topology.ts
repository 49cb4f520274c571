// Queues, exchanges and bindings as clients know them, and where a message may and must go.
import type { History } from './history.ts'
import { matchesTopic } from './matches-topic.ts'
import type { Message } from './message.ts'
import { Presence } from './presence.ts'
import { type QueueKind, QueueLife } from './queue-life.ts'
import { Takers } from './takers.ts'

export type ExchangeType = 'direct' | 'fanout' | 'topic'

interface Exchange {
  readonly name: string
  readonly type: ExchangeType
  readonly presence: Presence
}

export interface Binding {
  readonly exchange: string
  readonly routingKey: string
  readonly queue: QueueLife
  readonly presence: Presence
}

/** Whether a message reaches a queue. */
export type Reach = 'must' | 'may' | 'cannot'

export class Topology {
  /** The newest life of each name. */
  readonly queues: Map<string, QueueLife> = new Map()
  readonly exchanges: Map<string, Exchange> = new Map()
  readonly #bindings = new Map<string, Binding>()
  readonly #ended: QueueLife[] = []
  readonly #history: History
  /** Messages of which nobody knows yet where they are. */
  readonly #unrouted = new Set<Message>()

  constructor(history: History) {
    this.#history = history
  }

  /** A message is on its way. */
  add(message: Message): void {
    this.#unrouted.add(message)
  }

  /** Nothing more happens to a publish: where it must be and may be is known. */
  route(message: Message): void {
    this.#unrouted.delete(message)
    for (const queue of this.lives()) {
      const reach = this.reach(message, queue, message.deed.endedAt)
      if (reach !== 'cannot') queue.entryOf(message).isCertain = reach === 'must'
    }
  }

  /** All lives, those that have ended as well. */
  *lives(): Generator<QueueLife> {
    yield* this.#ended
    yield* this.queues.values()
  }

  bindings(): Iterable<Binding> {
    return this.#bindings.values()
  }

  exchangeOf(name: string, type: ExchangeType): Exchange {
    let exchange = this.exchanges.get(name)
    if (exchange === undefined) {
      exchange = { name, type, presence: new Presence() }
      this.exchanges.set(name, exchange)
    }
    return exchange
  }

  /** The queue of that name that is there or is being declared. */
  queueOf(name: string, kind: QueueKind): QueueLife {
    const known = this.queues.get(name)
    if (known !== undefined && !known.hasEnded) return known
    if (known !== undefined) this.#ended.push(known)
    const life = new QueueLife(name, kind, {
      history: this.#history,
      takers: known?.takers ?? new Takers(),
      completeEntries: (queue) => this.#completeEntries(queue),
    })
    this.queues.set(name, life)
    return life
  }

  bindingOf(exchange: string, routingKey: string, queue: QueueLife): Binding {
    const key = JSON.stringify([exchange, routingKey, queue.name])
    let binding = this.#bindings.get(key)
    if (binding === undefined || binding.queue !== queue) {
      binding = { exchange, routingKey, queue, presence: new Presence() }
      this.#bindings.set(key, binding)
    }
    return binding
  }

  /** A queue is there no more. */
  end(queue: QueueLife): void {
    const now = this.#history.next()
    queue.presence.set(now, 'no')
    for (const binding of this.#bindings.values()) {
      if (binding.queue === queue) binding.presence.set(now, 'no')
    }
  }

  /** Nobody knows whether a queue is being deleted, and its messages and bindings with it. */
  doubt(queue: QueueLife): void {
    const now = this.#history.next()
    queue.presence.set(now, 'maybe')
    queue.doubt()
    for (const binding of this.#bindings.values()) {
      if (binding.queue === queue && binding.presence.state === 'yes') {
        binding.presence.set(now, 'maybe')
      }
    }
  }

  #completeEntries(queue: QueueLife): void {
    for (const message of this.#unrouted) {
      const isKnown = queue.entries.has(message)
      if (!isKnown && this.reach(message, queue, this.#history.now) !== 'cannot') {
        queue.entryOf(message)
      }
    }
  }

  /** Whether a message that was handled between two moments is in a queue. */
  reach({ plan, deed }: Message, queue: QueueLife, until: number): Reach {
    const [from, to] = [deed.sentAt, until]
    if (!queue.presence.isEver(from, to)) return 'cannot'
    const isSteady = queue.presence.isAlways(from, to)
    if (plan.exchange === '') {
      if (plan.routingKey !== queue.name) return 'cannot'
      return isSteady ? 'must' : 'may'
    }
    const exchange = this.exchanges.get(plan.exchange)
    const ways = [...this.#bindings.values()].filter(
      (binding) =>
        binding.queue === queue &&
        binding.exchange === plan.exchange &&
        matches(exchange?.type ?? 'fanout', binding.routingKey, plan.routingKey),
    )
    if (!ways.some(({ presence }) => presence.isEver(from, to))) return 'cannot'
    const isCertain = ways.some(({ presence }) => presence.isAlways(from, to))
    return isSteady && isCertain ? 'must' : 'may'
  }
}

function matches(type: ExchangeType, pattern: string, routingKey: string): boolean {
  if (type === 'fanout') return true
  return type === 'direct' ? pattern === routingKey : matchesTopic(pattern, routingKey)
}
