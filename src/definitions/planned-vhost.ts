// What is in a virtual host and will be, as far as a file asks for it. A scratch virtual host takes what would
// be new, so that the same code refuses it as would refuse it there.
import { isDeepStrictEqual } from 'node:util'
import { exchangeNotFound, queueNotFound } from '../broker/broker-error.ts'
import type { Broker } from '../broker/broker.ts'
import { checkDeclarable, checkDeclared, type QueueAsked } from '../broker/declare-queue.ts'
import { readWindowSettings } from '../broker/deduplication/window-settings.ts'
import type { Destination } from '../broker/destination.ts'
import { bindingKey, type QueueLike, type Target } from '../broker/exchange/binding.ts'
import { stripName } from '../broker/exchange/check-name.ts'
import { routingTypeOf } from '../broker/exchange/delayed-type.ts'
import { deduplicatingType } from '../broker/exchange/message-ids.ts'
import { findSource, sourceNameOf } from '../broker/open-source.ts'
import { parseTopicConfigs } from '../broker/topic/topic-config.ts'
import { VHost } from '../broker/vhost.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'
import type { BindingDefined, ExchangeDefined, QueueDefined, TopicDefined } from './definitions.ts'
import { type Difference, differencesBetween } from './differences.ts'
import type { Outcome } from './plan.ts'

/** Owns nothing. */
const nobody: QueueAsked['connection'] = {}

export class PlannedVHost {
  readonly name: string
  readonly #real: VHost<Destination> | undefined
  readonly #metadata: VHostMetadata | undefined
  readonly #scratch: VHost<QueueLike>
  #addedQueues = 0

  /** `metadata` is what it will have. */
  constructor(broker: Broker, name: string, metadata: VHostMetadata | undefined) {
    this.name = name
    this.#real = broker.findVHost(name)
    this.#metadata = metadata
    this.#scratch = new VHost<QueueLike>(name, { random: broker.random })
  }

  /** Throws a `BrokerError` with the reason when it is there otherwise, or cannot be. */
  exchange(row: ExchangeDefined): Outcome {
    const name = stripName(row.name)
    const existing = this.#real?.findExchange(name)
    const declaration = { ...row, internal: row.internal ?? existing?.isInternal ?? false }
    if (existing !== undefined) {
      this.#real?.declareExchange(declaration)
      return 'same'
    }
    const isNew = this.#scratch.findExchange(name) === undefined
    // The scratch has nothing that deduplicates.
    const isDeduplicating = routingTypeOf(row.type, row.arguments) === deduplicatingType
    if (isDeduplicating) readWindowSettings(row.arguments, row.durable)
    this.#scratch.declareExchange(declaration)
    return isNew ? 'add' : 'same'
  }

  hasExchange(name: string): boolean {
    return this.#real?.findExchange(stripName(name)) !== undefined
  }

  hasQueue(name: string): boolean {
    return this.#real?.findQueue(stripName(name)) !== undefined
  }

  /** Throws as `exchange`. */
  queue(row: QueueDefined): Outcome {
    const name = stripName(row.name)
    const asked: QueueAsked = { ...row, name, exclusive: false, connection: nobody }
    const existing = this.#real?.findQueue(name)
    const isTopicOfNobody = existing?.kind === 'topic' && existing.isProvisional
    if (this.#real !== undefined && existing !== undefined && !isTopicOfNobody) {
      checkDeclared(this.#real, existing, asked)
      return 'same'
    }
    if (this.#scratch.findQueue(name) !== undefined) return 'same'
    const queueCount = (this.#real?.queueCount ?? 0) + this.#addedQueues
    const type = checkDeclarable({ name: this.name, metadata: this.#metadata, queueCount }, asked)
    this.#checkSource(asked)
    this.#addedQueues += isTopicOfNobody ? 0 : 1
    this.#scratch.addQueue({ name, id: this.#addedQueues, isDurable: row.durable, type })
    return 'add'
  }

  /** Throws as `exchange`. */
  topic({ name, configs }: TopicDefined): Outcome {
    const parsed = parseTopicConfigs(configs)
    const real = this.#real?.findQueue(name)
    if (real?.kind === 'topic' && !real.isProvisional) {
      return isDeepStrictEqual(real.config.overrides, parsed) ? 'same' : 'change'
    }
    if (this.#scratch.findQueue(name)?.type === 'stream') return 'add'
    throw queueNotFound(this.name, name)
  }

  /** Of one that `topic` changes. */
  topicDifferences({ name, configs }: TopicDefined): Difference[] {
    const real = this.#real?.findQueue(name)
    if (real?.kind !== 'topic') return []
    return differencesBetween(real.config.overrides, parseTopicConfigs(configs))
  }

  /** Throws as `exchange`. */
  binding(row: BindingDefined): Outcome {
    const { source, destination, destinationKind: kind, routingKey, arguments: args } = row
    this.#bring('exchange', source)
    this.#bring(kind, destination)
    const target = this.#findTarget(row)
    const from = this.#real?.findExchange(stripName(source))
    if (target && from?.findBinding(bindingKey(target, routingKey, args))) return 'same'
    const before = this.#scratch.version
    if (kind === 'queue') this.#scratch.bindQueue(destination, source, routingKey, args)
    else this.#scratch.bindExchange(destination, source, routingKey, args)
    return this.#scratch.version === before ? 'same' : 'add'
  }

  /** The topic is there, or comes with the file. */
  #checkSource({ arguments: args }: QueueAsked): void {
    const source = sourceNameOf(args)
    if (source === undefined) return
    if (this.#scratch.findQueue(source)?.type === 'stream') return
    if (this.#real === undefined) throw queueNotFound(this.name, source)
    findSource(this.#real, args)
  }

  #findTarget({ destination, destinationKind }: BindingDefined): Target<Destination> | undefined {
    const name = stripName(destination)
    if (destinationKind === 'exchange') return this.#real?.findExchange(name)?.target
    const queue = this.#real?.findQueue(name)
    return queue && { kind: 'queue', queue, bindings: undefined }
  }

  /** Puts into the scratch what is there already, when a binding needs it. */
  #bring(kind: BindingDefined['destinationKind'], given: string): void {
    const name = stripName(given)
    if (kind === 'exchange') this.#bringExchange(name)
    else this.#bringQueue(name)
  }

  #bringExchange(name: string): void {
    if (this.#scratch.findExchange(name) !== undefined) return
    const real = this.#real?.findExchange(name)
    if (real === undefined) throw exchangeNotFound(this.name, name)
    this.#scratch.restoreExchange(real.row(this.name))
  }

  #bringQueue(name: string): void {
    if (this.#scratch.findQueue(name) !== undefined) return
    const real = this.#real?.findQueue(name)
    if (real === undefined) throw queueNotFound(this.name, name)
    const { isDurable, type } = real
    this.#scratch.addQueue({ name, id: -real.id, isDurable, type })
  }
}
