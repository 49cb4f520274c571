// One exchange: what it was declared as, what policies say of it, its bindings, and their compiled
// lookup. It never changes by itself; the vhost keeps both ends of a binding in step.
import type { ExchangeRow } from '../../meta/topology-change.ts'
import { type FieldTable } from '../../record/message/field-table.ts'
import { nameOf } from '../../record/message/name-bytes.ts'
import { ExchangeCounters } from '../counters/exchange-counters.ts'
import type { EffectivePolicy, PolicySubject } from '../policy/policy.ts'
import type {
  Binding,
  BoundExchange,
  ExchangeTarget,
  QueueLike,
  Target,
  TopicSubscribers,
} from './binding.ts'
import type { Matcher } from './matcher.ts'
import type { MessageDelay } from './message-delay.ts'
import type { MessageHistory } from './message-history.ts'
import type { MessageIds } from './message-ids.ts'
import type { RoutedMessage } from './routed-message.ts'

export interface ExchangeDeclaration {
  readonly name: string
  /** One of `createMatcher`, or `x-delayed-message`. */
  readonly type: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: FieldTable
}

export class Exchange<Q extends QueueLike> implements BoundExchange<Q>, PolicySubject {
  readonly kind = 'exchange'
  readonly name: string
  readonly type: string
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly isInternal: boolean
  readonly arguments: FieldTable
  /** Where messages go that no binding matches: as it was declared, else as its policy says. */
  alternate: string | undefined
  /** Undefined: none applies to it. */
  policy: EffectivePolicy | undefined
  /** Only of exchanges that delay; set once, by whoever makes them. */
  delay: MessageDelay | undefined
  /** Only of exchanges that deduplicate; set once, by whoever makes them. */
  ids: MessageIds | undefined
  /** Who gets messages by topic filters, besides bindings; set once, by whoever has them. */
  subscribers: TopicSubscribers<Q> | undefined
  readonly target: ExchangeTarget<Q>
  readonly counters: ExchangeCounters = new ExchangeCounters()
  readonly #bindings = new Map<string, Binding<Q>>()
  /** The last messages that went through it, where it remembers them. */
  readonly history: MessageHistory | undefined
  readonly #matcher: Matcher<Q>

  constructor(declaration: ExchangeDeclaration, matcher: Matcher<Q>, history?: MessageHistory) {
    this.name = declaration.name
    this.type = declaration.type
    this.isDurable = declaration.durable
    this.isAutoDelete = declaration.autoDelete
    this.isInternal = declaration.internal
    this.arguments = declaration.arguments
    this.alternate = nameOf(declaration.arguments.get('alternate-exchange'))
    this.target = { kind: 'exchange', exchange: this, bindings: undefined }
    this.history = history
    this.#matcher = matcher
  }

  /** Whether it may lead the next message with the same routing keys elsewhere. */
  get isPerMessage(): boolean {
    return this.ids !== undefined || this.#matcher.isPerMessage
  }

  /** See `PolicySubject`. */
  applyPolicy(policy: EffectivePolicy | undefined): boolean {
    this.policy = policy
    this.ids?.applyPolicy(policy?.definition)
    const before = this.alternate
    const byPolicy = policy?.definition['alternate-exchange'] as string | undefined
    this.alternate = nameOf(this.arguments.get('alternate-exchange')) ?? byPolicy
    return this.alternate !== before
  }

  /** Throws `precondition_failed` when this type of exchange refuses such a binding. */
  checkBinding(binding: Binding<Q>): void {
    this.#matcher.check(binding)
  }

  addBinding(binding: Binding<Q>): void {
    this.#bindings.set(binding.key, binding)
    this.#matcher.add(binding)
  }

  removeBinding(binding: Binding<Q>): void {
    if (this.#bindings.delete(binding.key)) this.#matcher.remove(binding)
  }

  /** Adds every target that a message's keys and headers lead to; false when no binding matches. */
  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    return this.#matcher.match(message, matched)
  }

  findBinding(key: string): Binding<Q> | undefined {
    return this.#bindings.get(key)
  }

  /** Bindings from this exchange. */
  bindings(): Iterable<Binding<Q>> {
    return this.#bindings.values()
  }

  get bindingCount(): number {
    return this.#bindings.size
  }

  row(vhost: string): ExchangeRow {
    return {
      vhost,
      name: this.name,
      type: this.type,
      autoDelete: this.isAutoDelete,
      internal: this.isInternal,
      arguments: this.arguments,
    }
  }
}
