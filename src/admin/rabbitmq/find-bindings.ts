// Which bindings there are: of a virtual host, from and to something. What leads from the default exchange to
// each queue is one of them, as in RabbitMQ.
import type { Destination } from '../../broker/destination.ts'
import { eachBinding } from '../../broker/exchange/bindings.ts'
import type { Sessions } from '../../broker/session/sessions.ts'
import type { VHost } from '../../broker/vhost.ts'
import { type BindingIn, bindingIn, defaultBinding } from './binding-json.ts'
import { subscriptionBindings, subscriptionBindingsTo } from './subscription-bindings.ts'

/** Where bindings are. */
export interface BoundPlace {
  readonly vhost: VHost<Destination>
  /** Whose subscriptions are listed as bindings; undefined where there are none. */
  readonly sessions: Sessions | undefined
}

/** A queue or an exchange that a binding leads to. */
export interface BindingEnd {
  readonly kind: 'queue' | 'exchange'
  readonly name: string
}

export function* allBindings(place: BoundPlace): Generator<BindingIn> {
  for (const exchange of place.vhost.exchanges()) yield* bindingsFrom(place, exchange.name)
}

export function* bindingsFrom(
  { vhost, sessions }: BoundPlace,
  source: string,
): Generator<BindingIn> {
  if (source === '') for (const queue of vhost.queues()) yield defaultBinding(queue)
  const exchange = vhost.findExchange(source)
  for (const binding of exchange?.bindings() ?? []) yield bindingIn(vhost.name, binding)
  if (sessions?.exchange === source) yield* subscriptionBindings(sessions, vhost.name)
}

export function* bindingsTo(
  { vhost, sessions }: BoundPlace,
  { kind, name }: BindingEnd,
): Generator<BindingIn> {
  if (kind === 'exchange') {
    const exchange = vhost.findExchange(name)
    for (const binding of eachBinding(exchange?.target.bindings)) {
      yield bindingIn(vhost.name, binding)
    }
    return
  }
  const queue = vhost.findQueue(name)
  if (queue !== undefined) yield defaultBinding(queue)
  for (const binding of vhost.bindingsTo(name)) yield bindingIn(vhost.name, binding)
  if (sessions === undefined) return
  yield* subscriptionBindingsTo(sessions, { vhost: vhost.name, queue: name })
}

export function* bindingsBetween(
  place: BoundPlace,
  source: string,
  end: BindingEnd,
): Generator<BindingIn> {
  for (const binding of bindingsTo(place, end)) if (binding.source === source) yield binding
}
