// A binding and the two kinds of thing it can lead to. Each queue and each exchange has exactly one
// target object, so that routing can tell two targets apart by identity, and the target knows the
// bindings that lead to it, so that deleting it does not search.
import { isUtf8 } from 'node:buffer'
import type { BindingRow } from '../../meta/topology-change.ts'
import { type FieldTable, type FieldValue, typeNameOf } from '../../record/message/field-table.ts'
import type { RoutedMessage } from './routed-message.ts'

/** What routing needs to know of a queue. */
export interface QueueLike {
  readonly name: string
  /** Unique among the queues that exist at one time. */
  readonly id: number
  /** Whether its declaration and its bindings outlive the process. */
  readonly isDurable: boolean
}

/** What bindings and routing need to know of an exchange. */
export interface BoundExchange<Q extends QueueLike> {
  readonly name: string
  readonly type: string
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  /** Where messages go that no binding matches. */
  readonly alternate: string | undefined
  readonly target: ExchangeTarget<Q>
  readonly bindingCount: number
  /** Bindings from it. */
  bindings(): Iterable<Binding<Q>>
  removeBinding(binding: Binding<Q>): void
  /** Adds every target that a message's keys and headers lead to; false when no binding matches. */
  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean
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
  const identity = args.size === 0 ? '' : identityOf(args)
  // Joined, because a template would stay in memory in its parts, too.
  return [kind + targetName(target), identity, routingKey].join('\n')
}

function targetName<Q extends QueueLike>(target: Target<Q>): string {
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

function identityOf(args: FieldTable): string {
  const sorted = args.entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return sorted
    .map(
      ({ name, value: argument }) =>
        `${JSON.stringify(name)}${typeNameOf(argument)}${valueIdentity(argument)}`,
    )
    .join()
}

/**
 * A text that is equal exactly when two values are, as a headers exchange compares them: the width
 * of an integer does not matter, an integer is never equal to a float, text equals the same bytes.
 */
export function valueIdentity(argument: FieldValue): string {
  switch (argument.type) {
    case 'longstr':
    case 'binary':
      return textIdentity(argument.value)
    case 'bool':
      return String(argument.value)
    case 'void':
      return 'void'
    case 'float':
    case 'double':
      return `f${argument.value}`
    case 'decimal':
      return `d${argument.value.unscaled}/${argument.value.scale}`
    case 'table':
      return `{${identityOf(argument.value)}}`
    case 'array':
      return `[${argument.value.map((item) => `${typeNameOf(item)}${valueIdentity(item)}`).join()}]`
    default:
      return String(argument.value)
  }
}

/** Bytes that are no text begin with a letter, which the JSON of a text never does. */
function textIdentity(value: string | Buffer): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return isUtf8(value) ? JSON.stringify(value.toString()) : `b${value.toString('hex')}`
}
