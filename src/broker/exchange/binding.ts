// A binding and the two kinds of thing it can lead to. Each queue and each exchange has exactly one
// target object, so that routing can tell two targets apart by identity, and the target knows the
// bindings that lead to it, so that deleting it does not search.
import type { BindingRow } from '../../meta/topology-change.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { MessageDelay } from './message-delay.ts'
import type { MessageHistory } from './message-history.ts'
import type { MessageIds } from './message-ids.ts'
import type { RoutedMessage } from './routed-message.ts'
import type { TopicSubscriber } from './topic-subscriber.ts'
import { tableIdentity } from './value-identity.ts'

/** What routing needs to know of a queue. */
export interface QueueLike {
  readonly name: string
  /** Unique among the queues that exist at one time. */
  readonly id: number
  /** Whether its declaration and its bindings outlive the process. */
  readonly isDurable: boolean
  /** `classic`, `quorum` or `stream`. */
  readonly type: string
}

/** What bindings and routing need to know of an exchange. */
export interface BoundExchange<Q extends QueueLike> {
  readonly name: string
  readonly type: string
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly arguments: FieldTable
  /** Where messages go that no binding matches. */
  readonly alternate: string | undefined
  /** Whether it may lead the next message with the same routing keys elsewhere. */
  readonly isPerMessage: boolean
  /** The last messages that went through it, where it remembers them. */
  readonly history: MessageHistory | undefined
  /** Where messages wait that ask for it; undefined where none may. */
  readonly delay: MessageDelay | undefined
  /** Ids of messages that it let through; undefined where repeats pass. */
  readonly ids: MessageIds | undefined
  /** Who gets messages by topic filters, besides bindings; undefined for nobody. */
  readonly subscribers: TopicSubscribers<Q> | undefined
  readonly target: ExchangeTarget<Q>
  readonly bindingCount: number
  /** Bindings from it. */
  bindings(): Iterable<Binding<Q>>
  removeBinding(binding: Binding<Q>): void
  /** Adds every target that a message's keys and headers lead to; false when no binding matches. */
  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean
}

/** Who gets messages of an exchange by topic filters. */
export interface TopicSubscribers<Q extends QueueLike> {
  readonly isEmpty: boolean
  /** Adds everybody with a filter that has a topic of the message. */
  match(message: RoutedMessage, matched: MatchedSubscribers<Q>): void
}

/** Where those go that match. */
export interface MatchedSubscribers<Q extends QueueLike> {
  readonly targets: Set<Target<Q>>
  readonly direct: Set<TopicSubscriber>
  /** Some may have the message or not, by who has published it. */
  isPerMessage: boolean
}

/** None, one, or a set of several; see bindings.ts. */
export type Bindings<Q extends QueueLike> = Binding<Q> | Set<Binding<Q>> | undefined

export interface QueueTarget<Q extends QueueLike> {
  readonly kind: 'queue'
  queue: Q
  /** Bindings that lead here. */
  bindings: Bindings<Q>
}

export interface ExchangeTarget<Q extends QueueLike> {
  readonly kind: 'exchange'
  readonly exchange: BoundExchange<Q>
  /** Bindings that lead here. */
  bindings: Bindings<Q>
}

export type Target<Q extends QueueLike> = QueueTarget<Q> | ExchangeTarget<Q>

export interface Binding<Q extends QueueLike> {
  /** Identity among the bindings of one source. */
  readonly key: string
  readonly source: BoundExchange<Q>
  readonly target: Target<Q>
  readonly routingKey: string
  readonly arguments: FieldTable
}

/** Same target, key and arguments in any order: the same binding. */
export function bindingKey<Q extends QueueLike>(
  target: Target<Q>,
  routingKey: string,
  args: FieldTable,
): string {
  // Names and identities hold no line break, a routing key may: it comes last.
  const kind = target.kind === 'queue' ? 'q' : 'x'
  const identity = args.size === 0 ? '' : tableIdentity(args)
  // Joined, because a template would stay in memory in its parts, too.
  return [kind + targetName(target), identity, routingKey].join('\n')
}

/** The name of the queue or exchange that a binding leads to. */
export function targetName<Q extends QueueLike>(target: Target<Q>): string {
  return target.kind === 'queue' ? target.queue.name : target.exchange.name
}

/** Whether the binding outlives the process: both of its ends do. */
export function isDurableBinding<Q extends QueueLike>(binding: Binding<Q>): boolean {
  const { source, target } = binding
  const end = target.kind === 'queue' ? target.queue : target.exchange
  return source.isDurable && end.isDurable
}

export function bindingRow<Q extends QueueLike>(vhost: string, binding: Binding<Q>): BindingRow {
  return {
    vhost,
    source: binding.source.name,
    destinationKind: binding.target.kind,
    destination: targetName(binding.target),
    routingKey: binding.routingKey,
    arguments: binding.arguments,
  }
}
