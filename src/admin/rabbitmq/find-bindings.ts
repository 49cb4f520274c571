// Which bindings there are: of a virtual host, from and to something. What leads from the default exchange to
// each queue is one of them, as in RabbitMQ.
import type { Destination } from '../../broker/destination.ts'
import { eachBinding } from '../../broker/exchange/bindings.ts'
import type { VHost } from '../../broker/vhost.ts'
import { type BindingIn, bindingIn, defaultBinding } from './binding-json.ts'

/** A queue or an exchange that a binding leads to. */
export interface BindingEnd {
  readonly kind: 'queue' | 'exchange'
  readonly name: string
}

export function* allBindings(vhost: VHost<Destination>): Generator<BindingIn> {
  for (const exchange of vhost.exchanges()) yield* bindingsFrom(vhost, exchange.name)
}

export function* bindingsFrom(vhost: VHost<Destination>, source: string): Generator<BindingIn> {
  if (source === '') for (const queue of vhost.queues()) yield defaultBinding(queue)
  const exchange = vhost.findExchange(source)
  for (const binding of exchange?.bindings() ?? []) yield bindingIn(vhost.name, binding)
}

export function* bindingsTo(
  vhost: VHost<Destination>,
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
}

export function* bindingsBetween(
  vhost: VHost<Destination>,
  source: string,
  end: BindingEnd,
): Generator<BindingIn> {
  for (const binding of bindingsTo(vhost, end)) if (binding.source === source) yield binding
}
