// One virtual host: its exchanges, the queues they can lead to, and the bindings between them. Both
// ends of a binding know it or neither does. Every change raises `version`, so that whoever caches
// a route can see that it is old, and returns what the log has to keep of it: only what is durable,
// and in one list what belongs together.
import type { Random } from '../lib/random.ts'
import type {
  BindingRow,
  ExchangeRow,
  TopologyChange,
  VHostMetadata,
} from '../meta/topology-change.ts'
import { emptyTable, type FieldTable } from '../record/message/field-table.ts'
import { Admission } from './admission.ts'
import {
  BrokerError,
  exchangeNotFound,
  exchangeResource,
  preconditionFailed,
  queueNotFound,
  resourceInUse,
} from './broker-error.ts'
import type { IdsCreator } from './deduplication/deduplications.ts'
import {
  type Binding,
  type BoundExchange,
  bindingKey,
  bindingRow,
  isDurableBinding,
  type QueueLike,
  type QueueTarget,
  type Target,
  type TopicSubscribers,
} from './exchange/binding.ts'
import { eachBinding, withBinding, withoutBinding } from './exchange/bindings.ts'
import { checkArguments, checkProperty } from './exchange/check-equivalence.ts'
import {
  checkBindingKey,
  checkDeletable,
  checkNewName,
  checkNotDefault,
  stripName,
} from './exchange/check-name.ts'
import { checkExchangeType, createMatcher } from './exchange/create-matcher.ts'
import { DefaultMatcher } from './exchange/default-matcher.ts'
import { delayedType, delayedTypeArgument, routingTypeOf } from './exchange/delayed-type.ts'
import { Exchange, type ExchangeDeclaration } from './exchange/exchange.ts'
import { explainRoute, type RouteExplanation } from './exchange/explain-route.ts'
import type { MessageDelay } from './exchange/message-delay.ts'
import { type HistoryBudget, MessageHistory } from './exchange/message-history.ts'
import { deduplicatingType } from './exchange/message-ids.ts'
import { route, type RouteResult } from './exchange/route.ts'
import type { RoutedMessage } from './exchange/routed-message.ts'
import { Policies } from './policy/policies.ts'

/** What a change leaves to be written to the log; empty when nothing durable changed. */
export type Changes = readonly TopologyChange[]

const unchanged: Changes = []

/** Exchanges that every vhost has. They are durable and never written down. */
const predeclared: readonly (readonly [name: string, type: string, internal: boolean])[] = [
  ['amq.direct', 'direct', false],
  ['amq.fanout', 'fanout', false],
  ['amq.topic', 'topic', false],
  ['amq.headers', 'headers', false],
  ['amq.match', 'headers', false],
  ['amq.rabbitmq.trace', 'topic', true],
]

/** Makes the place where messages wait that an exchange delays. */
export type CreateDelay = (exchange: Pick<ExchangeDeclaration, 'name' | 'durable'>) => MessageDelay

/** What a virtual host needs of its broker. */
export interface VHostContext<Q extends QueueLike> {
  readonly random: Random
  /** Whether there is memory for another exchange or binding; there is when it is not given. */
  readonly admission?: Admission
  /** Without it no exchange delays anything. */
  readonly createDelay?: CreateDelay
  /** Without it no exchange deduplicates. */
  readonly deduplication?: IdsCreator
  /** Told of every exchange and queue, those included that every virtual host has. */
  onAdded?(added: Q | Exchange<Q>): void
  /** A binding leads from an exchange with a history to `target`, which has not seen it. */
  onHistoryBound?(history: MessageHistory, target: Target<Q>): void
}

const compared = ['alternate-exchange', delayedTypeArgument]

export class VHost<Q extends QueueLike> {
  readonly name: string
  /** What was set; `PolicyKeeper` changes and applies them. */
  readonly policies: Policies = new Policies()
  /** What it was made with at run time; undefined where it is there because settings or rows name it. */
  metadata: VHostMetadata | undefined
  readonly #context: VHostContext<Q>
  readonly #historyBudget: HistoryBudget = { size: 0 }
  readonly #exchanges = new Map<string, Exchange<Q>>()
  readonly #queues = new Map<string, QueueTarget<Q>>()
  readonly #findExchange = (name: string): Exchange<Q> | undefined => this.#exchanges.get(name)
  readonly #admission: Admission
  #version = 0
  #subscribers: { readonly exchange: string; readonly subscribers: TopicSubscribers<Q> } | undefined

  constructor(name: string, context: VHostContext<Q>) {
    this.name = name
    this.#context = context
    this.#admission = context.admission ?? new Admission()
    const system = { durable: true, autoDelete: false, arguments: emptyTable }
    const matcher = new DefaultMatcher(this.#queues)
    const defaults = { ...system, name: '', type: 'direct', internal: false }
    this.#exchanges.set('', new Exchange(defaults, matcher))
    for (const [exchange, type, internal] of predeclared) {
      this.#addExchange({ ...system, name: exchange, type, internal })
    }
  }

  /** Rises with every change of an exchange, a queue or a binding that routes depend on. */
  get version(): number {
    return this.#version
  }

  /**
   * Declares an exchange, or checks that it exists as asked. Throws `precondition_failed` for an
   * unknown type or a difference, `access_refused` for the default exchange or a reserved name,
   * `memory_exhausted` for a new one.
   */
  declareExchange(declaration: ExchangeDeclaration): Changes {
    if (declaration.type !== delayedType) checkExchangeType(declaration.type)
    const name = stripName(declaration.name)
    checkNotDefault(name)
    const existing = this.#exchanges.get(name)
    if (existing) {
      this.#checkEquivalence(existing, declaration)
      return unchanged
    }
    checkNewName('exchange', name)
    const routesAs = routingTypeOf(declaration.type, declaration.arguments)
    checkExchangeType(routesAs)
    if (routesAs === deduplicatingType) this.#context.deduplication?.check(declaration)
    this.#checkAlternate(name, declaration.arguments)
    this.#admission.admitDeclaration()
    const exchange = this.#addExchange({ ...declaration, name })
    return exchange.isDurable
      ? [{ kind: 'exchange', op: 'put', row: exchange.row(this.name) }]
      : unchanged
  }

  /** What a passive declare does. Throws `exchange_not_found`, `access_refused` for the default. */
  inspectExchange(exchange: string): Exchange<Q> {
    const name = stripName(exchange)
    checkNotDefault(name)
    return this.getExchange(name)
  }

  /**
   * Deletes an exchange and all bindings from and to it; a missing one is fine. Throws
   * `precondition_failed` when `ifUnused` and something is bound to it, `access_refused` for the
   * broker's own exchanges.
   */
  deleteExchange(exchange: string, options: { readonly ifUnused: boolean }): Changes {
    const name = stripName(exchange)
    checkDeletable(this.name, name)
    const existing = this.#exchanges.get(name)
    if (!existing) return unchanged
    if (options.ifUnused && existing.bindingCount > 0) {
      throw resourceInUse(exchangeResource(this.name, name))
    }
    return this.#removeTargets([existing.target])
  }

  /**
   * Binds a queue to an exchange; the same binding twice is one. Throws `queue_not_found`,
   * `exchange_not_found`, `access_refused` for the default exchange, `precondition_failed` when the
   * exchange refuses the arguments, `memory_exhausted` for a new one.
   */
  bindQueue(queue: string, source: string, routingKey: string, args: FieldTable): Changes {
    const exchange = this.getSource(source)
    checkBindingKey(routingKey)
    return this.#bind(exchange, this.#queueTarget(queue), routingKey, args)
  }

  /** Removes a binding; a missing binding, queue or exchange is fine. */
  unbindQueue(queue: string, source: string, routingKey: string, args: FieldTable): Changes {
    checkNotDefault(stripName(source))
    return this.#unbind(source, this.#queues.get(stripName(queue)), routingKey, args)
  }

  /** Binds an exchange to another as {@link bindQueue} does. */
  bindExchange(destination: string, source: string, routingKey: string, args: FieldTable): Changes {
    checkNotDefault(stripName(destination))
    const exchange = this.getSource(source)
    checkBindingKey(routingKey)
    const target = this.getExchange(stripName(destination)).target
    return this.#bind(exchange, target, routingKey, args)
  }

  /** Removes a binding between exchanges; a missing binding or exchange is fine. */
  unbindExchange(
    destination: string,
    source: string,
    routingKey: string,
    args: FieldTable,
  ): Changes {
    checkNotDefault(stripName(destination))
    checkNotDefault(stripName(source))
    const target = this.#exchanges.get(stripName(destination))?.target
    return this.#unbind(source, target, routingKey, args)
  }

  /** Makes a queue known. Its name must be free; its own durable row is the caller's to write. */
  addQueue(queue: Q): void {
    if (this.#queues.has(queue.name)) {
      throw new BrokerError('internal', `Cannot add queue '${queue.name}' twice`)
    }
    this.#queues.set(queue.name, { kind: 'queue', queue, bindings: undefined })
    this.#context.onAdded?.(queue)
    this.#version += 1
  }

  /** Puts `queue` where one of the same name is; bindings stay. */
  replaceQueue(queue: Q): void {
    const target = this.#queues.get(queue.name)
    if (target === undefined) {
      this.addQueue(queue)
      return
    }
    target.queue = queue
    this.#context.onAdded?.(queue)
    this.#version += 1
  }

  /**
   * Forgets a queue and its bindings; a missing one is fine. Returns the durable exchanges that were
   * deleted with it; that the queue itself is gone is the caller's to write, and covers its bindings.
   */
  removeQueue(queue: string): Changes {
    const target = this.#queues.get(queue)
    return target ? this.#removeTargets([target]) : unchanged
  }

  /** The queue of exactly this name. */
  findQueue(name: string): Q | undefined {
    return this.#queues.get(name)?.queue
  }

  /** Where messages are routed to that are for a queue that is there. */
  targetOf(queue: Q): QueueTarget<Q> {
    return this.#queueTarget(queue.name)
  }

  /** As {@link findQueue}; throws `queue_not_found`. */
  getQueue(name: string): Q {
    return this.#queueTarget(name).queue
  }

  *queues(): Generator<Q> {
    for (const target of this.#queues.values()) yield target.queue
  }

  get queueCount(): number {
    return this.#queues.size
  }

  get exchangeCount(): number {
    return this.#exchanges.size
  }

  /** The exchange of exactly this name; `''` is the default exchange. */
  findExchange(name: string): Exchange<Q> | undefined {
    return this.#exchanges.get(name)
  }

  /** As {@link findExchange}; throws `exchange_not_found`. */
  getExchange(name: string): Exchange<Q> {
    const exchange = this.#exchanges.get(name)
    if (!exchange) throw exchangeNotFound(this.name, name)
    return exchange
  }

  /** An exchange that may be bound to. Throws `access_refused` for the default exchange, `exchange_not_found`. */
  getSource(exchange: string): Exchange<Q> {
    const name = stripName(exchange)
    checkNotDefault(name)
    return this.getExchange(name)
  }

  exchanges(): Iterable<Exchange<Q>> {
    return this.#exchanges.values()
  }

  /** Bindings that lead to a queue, the implicit one of the default exchange not included. */
  bindingsTo(queue: string): Iterable<Binding<Q>> {
    return eachBinding(this.#queues.get(queue)?.bindings)
  }

  /**
   * Where a published message goes. Throws `exchange_not_found`, and `access_refused` for an internal
   * exchange. The result holds until `version` changes, for the same keys and, when it says so, headers.
   */
  route(exchange: string, message: RoutedMessage): RouteResult<Q> {
    return route(this.getPublishable(exchange), message, this.#findExchange)
  }

  /** How `route` comes to what it finds; nothing changes. Throws the same. */
  explainRoute(exchange: string, message: RoutedMessage): RouteExplanation<Q> {
    const start = this.getPublishable(exchange)
    return explainRoute(start, message, {
      findExchange: this.#findExchange,
      random: this.#context.random,
    })
  }

  /** An exchange that clients may publish to. Throws `exchange_not_found`, `access_refused`. */
  getPublishable(exchange: string): Exchange<Q> {
    const found = this.getExchange(exchange)
    if (!found.isInternal) return found
    const resource = exchangeResource(this.name, exchange)
    throw new BrokerError('access_refused', `cannot publish to internal ${resource}`)
  }

  /** As {@link route} for messages the broker itself sends on: internal exchanges take them. */
  routeFrom(exchange: BoundExchange<Q>, message: RoutedMessage): RouteResult<Q> {
    return route(exchange, message, this.#findExchange)
  }

  /**
   * These get messages by topic filters from the exchange, also when it is deleted and declared again; their
   * subscriptions have changed.
   */
  hangSubscribers(exchange: string, subscribers: TopicSubscribers<Q>): void {
    this.#subscribers = { exchange, subscribers }
    const found = this.#exchanges.get(exchange)
    if (found !== undefined) found.subscribers = subscribers
    this.forgetRoutes()
  }

  /** Something that routes depend on has changed in an exchange or a queue. */
  forgetRoutes(): void {
    this.#version += 1
  }

  /** It is deleted, and its queues with it. */
  close(): void {
    for (const exchange of this.#exchanges.values()) {
      exchange.delay?.close()
      exchange.history?.close()
      exchange.ids?.close()
    }
    this.#exchanges.clear()
    this.#queues.clear()
    this.#version += 1
  }

  /** Puts back an exchange that was kept. */
  restoreExchange(row: ExchangeRow): void {
    if (this.#exchanges.has(row.name)) return
    this.#addExchange({ ...row, durable: true })
  }

  /** Puts back a binding that was kept. False when one of its ends is missing. */
  restoreBinding(row: BindingRow): boolean {
    const source = this.#exchanges.get(row.source)
    const target =
      row.destinationKind === 'queue'
        ? this.#queues.get(row.destination)
        : this.#exchanges.get(row.destination)?.target
    if (!source || !target) return false
    this.#bind(source, target, row.routingKey, row.arguments)
    return true
  }

  #addExchange(declaration: ExchangeDeclaration): Exchange<Q> {
    const { type, arguments: args } = declaration
    const routesAs = routingTypeOf(type, args)
    const { random } = this.#context
    const matcher = createMatcher<Q>(routesAs, { arguments: args, random })
    const history =
      routesAs === 'x-recent-history' ? new MessageHistory(args, this.#historyBudget) : undefined
    const exchange = new Exchange<Q>(declaration, matcher, history)
    if (type === delayedType) exchange.delay = this.#context.createDelay?.(declaration)
    if (routesAs === deduplicatingType) {
      exchange.ids = this.#context.deduplication?.create(declaration)
    }
    if (this.#subscribers?.exchange === exchange.name)
      exchange.subscribers = this.#subscribers.subscribers
    this.#exchanges.set(exchange.name, exchange)
    this.#context.onAdded?.(exchange)
    this.#version += 1
    return exchange
  }

  #checkEquivalence(existing: Exchange<Q>, asked: ExchangeDeclaration): void {
    const resource = exchangeResource(this.name, existing.name)
    checkProperty(resource, 'type', asked.type, existing.type)
    checkProperty(resource, 'durable', asked.durable, existing.isDurable)
    checkProperty(resource, 'auto_delete', asked.autoDelete, existing.isAutoDelete)
    checkProperty(resource, 'internal', asked.internal, existing.isInternal)
    checkArguments(resource, compared, asked.arguments, existing.arguments)
  }

  #checkAlternate(exchange: string, args: FieldTable): void {
    const alternate = args.get('alternate-exchange')
    if (alternate && alternate.type !== 'longstr') {
      const resource = exchangeResource(this.name, exchange)
      throw preconditionFailed(
        `invalid type '${alternate.type}' for arg 'alternate-exchange' in ${resource}`,
      )
    }
  }

  #queueTarget(queue: string): QueueTarget<Q> {
    const name = stripName(queue)
    const target = this.#queues.get(name)
    if (!target) throw queueNotFound(this.name, name)
    return target
  }

  #bind(source: Exchange<Q>, target: Target<Q>, routingKey: string, args: FieldTable): Changes {
    const key = bindingKey(target, routingKey, args)
    const binding: Binding<Q> = { key, source, target, routingKey, arguments: args }
    source.checkBinding(binding)
    if (source.findBinding(key)) return unchanged
    this.#admission.admitDeclaration()
    source.addBinding(binding)
    target.bindings = withBinding(target.bindings, binding)
    this.#version += 1
    const { history } = source
    if (history !== undefined) this.#context.onHistoryBound?.(history, target)
    return isDurableBinding(binding)
      ? [{ kind: 'binding', op: 'put', row: bindingRow(this.name, binding) }]
      : unchanged
  }

  #unbind(
    source: string,
    target: Target<Q> | undefined,
    routingKey: string,
    args: FieldTable,
  ): Changes {
    const exchange = this.#exchanges.get(stripName(source))
    const binding = target && exchange?.findBinding(bindingKey(target, routingKey, args))
    if (!exchange || !binding) return unchanged
    exchange.removeBinding(binding)
    forgetAtTarget(binding)
    this.#version += 1
    const changes: TopologyChange[] = []
    if (isDurableBinding(binding)) {
      changes.push({ kind: 'binding', op: 'delete', row: bindingRow(this.name, binding) })
    }
    if (isAbandoned(exchange)) changes.push(...this.#removeTargets([exchange.target]))
    return changes
  }

  /** Removes queues and exchanges with their bindings, and the exchanges that this leaves abandoned. */
  #removeTargets(targets: readonly Target<Q>[]): Changes {
    const changes: TopologyChange[] = []
    const doomed = new Set(targets)
    for (const target of doomed) {
      if (target.kind === 'queue') this.#queues.delete(target.queue.name)
      else this.#removeExchange(target.exchange, changes)
      for (const { source } of detach(target)) if (isAbandoned(source)) doomed.add(source.target)
    }
    this.#version += 1
    return changes
  }

  #removeExchange(exchange: BoundExchange<Q>, changes: TopologyChange[]): void {
    this.#exchanges.delete(exchange.name)
    exchange.delay?.close()
    for (const binding of exchange.bindings()) forgetAtTarget(binding)
    exchange.history?.close()
    exchange.ids?.close()
    if (!exchange.isDurable) return
    changes.push({ kind: 'exchange', op: 'delete', vhost: this.name, name: exchange.name })
  }
}

/** An auto-delete exchange that has just lost a binding ends with its last one. */
function isAbandoned<Q extends QueueLike>(exchange: BoundExchange<Q>): boolean {
  return exchange.isAutoDelete && exchange.bindingCount === 0
}

function forgetAtTarget<Q extends QueueLike>(binding: Binding<Q>): void {
  const { target } = binding
  target.bindings = withoutBinding(target.bindings, binding)
}

function detach<Q extends QueueLike>(target: Target<Q>): Iterable<Binding<Q>> {
  const bindings = eachBinding(target.bindings)
  for (const binding of bindings) binding.source.removeBinding(binding)
  return bindings
}
