// One look over a virtual host: how much each thing counts, what names it from elsewhere, and what is bound to
// nothing. With it each thing's links are known in both directions.
import type { Destination } from '../../broker/destination.ts'
import { eachBinding } from '../../broker/exchange/bindings.ts'
import type { Exchange } from '../../broker/exchange/exchange.ts'
import type { Sessions } from '../../broker/session/sessions.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { Steps } from '../../lib/slices.ts'
import { topologyLimits } from '../../limits/topology.ts'
import type { BindingIn } from '../rabbitmq/binding-json.ts'
import type { BoundPlace } from '../rabbitmq/find-bindings.ts'
import { subscriptionBindings, subscriptionBindingsTo } from '../rabbitmq/subscription-bindings.ts'
import { type Readers } from './find-readers.ts'
import { exchangeRates, queueRates } from './rates.ts'
import { idOf, type Reader, type Thing } from './thing.ts'

/** Something with how much it counts: traffic first, then what waits, then how much is bound. */
export interface Ranked {
  readonly id: string
  readonly score: number
}

export interface Totals {
  exchanges: number
  queues: number
  topics: number
  bindings: number
  clients: number
  groups: number
}

export class Survey {
  readonly vhost: VHost<Destination>
  readonly statistics: Statistics
  readonly readers: Readers
  readonly exchanges: Ranked[] = []
  readonly queues: Ranked[] = []
  readonly isolated: Thing[] = []
  isolatedCount = 0
  readonly totals: Totals = {
    exchanges: 0,
    queues: 0,
    topics: 0,
    bindings: 0,
    clients: 0,
    groups: 0,
  }
  /** Exchanges whose alternate is the one of this name. */
  readonly alternatesTo: Map<string, string[]> = new Map()
  /** Queues whose dead letters go to the exchange, or by the default exchange to the queue, of this id. */
  readonly deadLettersTo: Map<string, string[]> = new Map()
  /** Names of queues that only the default exchange leads to. */
  readonly byNameOnly: Set<string> = new Set()
  /** By the name of the queue that they read. */
  readonly readersOf: Map<string, Reader[]> = new Map()
  readonly #sessions: Sessions | undefined

  constructor({ vhost, sessions }: BoundPlace, statistics: Statistics, readers: Readers) {
    this.vhost = vhost
    this.#sessions = sessions
    this.statistics = statistics
    this.readers = readers
  }

  *look(): Steps<void> {
    let looked = 0
    const { lookedAtOnce } = topologyLimits
    for (const reader of this.readers.all.values()) {
      this.totals[reader.kind === 'group' ? 'groups' : 'clients']++
      for (const name of reader.queues.keys()) {
        append(this.readersOf, name, reader)
        if (++looked % lookedAtOnce === 0) yield
      }
    }
    for (const exchange of this.vhost.exchanges()) {
      this.totals.exchanges++
      this.totals.bindings += exchange.bindingCount
      if (exchange.alternate !== undefined) {
        append(this.alternatesTo, exchange.alternate, exchange.name)
      }
      for (const _ of this.subscriptionsFrom(exchange.name)) {
        this.totals.bindings++
        if (++looked % lookedAtOnce === 0) yield
      }
      if (++looked % lookedAtOnce === 0) yield
    }
    for (const queue of this.vhost.queues()) {
      this.#lookAtQueue(queue)
      if (++looked % lookedAtOnce === 0) yield
    }
    // By now it is known what names them.
    for (const exchange of this.vhost.exchanges()) {
      this.#lookAtExchange(exchange)
      if (++looked % lookedAtOnce === 0) yield
    }
  }

  /** Undefined: it is not there. */
  find(id: string): Thing | undefined {
    const colon = id.indexOf(':')
    const [kind, name] = [id.slice(0, colon), id.slice(colon + 1)]
    if (kind === 'queue') {
      const queue = this.vhost.findQueue(name)
      return queue && { kind, name, queue }
    }
    if (kind !== 'exchange') return this.readers.all.get(id)
    const exchange = this.vhost.findExchange(name)
    if (exchange !== undefined) return { kind, name, exchange }
    const isNamed = this.alternatesTo.has(name) || this.deadLettersTo.has(id)
    return isNamed ? { kind: 'missing', name } : undefined
  }

  /** Subscriptions of MQTT's clients whose messages come by an exchange. */
  *subscriptionsFrom(exchange: string): Generator<BindingIn> {
    const sessions = this.#sessions
    if (sessions?.exchange === exchange) yield* subscriptionBindings(sessions, this.vhost.name)
  }

  /** Those of the session or the group that a queue is of. */
  *subscriptionsTo(queue: string): Generator<BindingIn> {
    const sessions = this.#sessions
    if (sessions === undefined) return
    yield* subscriptionBindingsTo(sessions, { vhost: this.vhost.name, queue })
  }

  /** Whether something gets its messages by the exchange: a queue, another exchange, or a client of MQTT. */
  isBound(exchange: Exchange<Destination>): boolean {
    return exchange.bindingCount > 0 || !isNone(this.subscriptionsFrom(exchange.name))
  }

  scoreOf(id: string): number {
    const thing = this.find(id)
    if (thing?.kind === 'exchange') return this.#scoreOfExchange(thing.exchange)
    if (thing?.kind === 'queue') return this.#scoreOfQueue(thing.queue)
    return thing === undefined ? 0 : levelOf('queues' in thing ? thing.queues.size : 1)
  }

  #lookAtQueue(queue: Destination): void {
    const { name, kind } = queue
    this.totals[kind === 'topic' ? 'topics' : 'queues']++
    const deadLetters = deadLetterIdOf(queue)
    if (deadLetters !== undefined) append(this.deadLettersTo, deadLetters, name)
    const isFed = this.#isFed(queue)
    const isInUse = this.#isInUse(queue)
    if (kind === 'queue' && !isFed && isInUse) this.byNameOnly.add(name)
    if (isFed || isInUse || deadLetters !== undefined) {
      this.queues.push({ id: idOf('queue', name), score: this.#scoreOfQueue(queue) })
    } else this.#addIsolated({ kind: 'queue', name, queue })
  }

  /** Whether anything leads to it but its name. */
  #isFed(queue: Destination): boolean {
    const hasSource = queue.kind === 'queue' && queue.source !== undefined
    if (hasSource || !isNone(this.vhost.bindingsTo(queue.name))) return true
    return !isNone(this.subscriptionsTo(queue.name))
  }

  #isInUse(queue: Destination): boolean {
    const isRead = queue.consumerCount > 0 || this.readersOf.has(queue.name)
    const isUsed = (queue.usedCounters?.published ?? 0) > 0 || queue.messageCount > 0
    return isRead || isUsed || (queue.kind === 'topic' && queue.subscriptions.size > 0)
  }

  #lookAtExchange(exchange: Exchange<Destination>): void {
    const { name, counters, alternate } = exchange
    const id = idOf('exchange', name)
    const isNamed = this.alternatesTo.has(name) || this.deadLettersTo.has(id)
    const isBound = this.isBound(exchange) || !isNone(eachBinding(exchange.target.bindings))
    const isUsed = name === '' ? this.byNameOnly.size > 0 : counters.publishedIn > 0
    if (isNamed || isBound || isUsed || alternate !== undefined) {
      this.exchanges.push({ id, score: this.#scoreOfExchange(exchange) })
    } else if (name !== '' && !name.startsWith('amq.')) {
      this.#addIsolated({ kind: 'exchange', name, exchange })
    }
  }

  #addIsolated(thing: Thing): void {
    this.isolatedCount++
    if (this.isolated.length < topologyLimits.isolatedMax) this.isolated.push(thing)
  }

  #scoreOfExchange(exchange: Exchange<Destination>): number {
    const { in: incoming, out } = exchangeRates(exchange, this.statistics)
    return score(incoming + out, 0, exchange.bindingCount)
  }

  #scoreOfQueue(queue: Destination): number {
    const { in: incoming, out } = queueRates(queue, this.statistics)
    return score(incoming + out, queue.messageCount, queue.consumerCount)
  }
}

/** Where dead letters of a queue go: by the default exchange straight to the queue of that name. */
export function deadLetterIdOf(queue: Destination): string | undefined {
  if (queue.kind === 'topic') return undefined
  const { deadLetter } = queue.settings
  if (deadLetter === undefined) return undefined
  const { exchange, routingKey } = deadLetter
  if (exchange !== '' || routingKey === undefined) return idOf('exchange', exchange)
  return idOf('queue', routingKey)
}

/** In steps of powers of two, so that the choice stays as it is while numbers tick. */
function score(rate: number, waiting: number, bound: number): number {
  return (levelOf(rate) * 64 + levelOf(waiting)) * 64 + levelOf(bound)
}

function levelOf(value: number): number {
  return value <= 0 ? 0 : Math.min(63, Math.ceil(Math.log2(value + 1)))
}

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

function isNone(items: Iterable<unknown>): boolean {
  for (const _ of items) return false
  return true
}
