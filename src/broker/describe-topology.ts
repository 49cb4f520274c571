// All that the log keeps: virtual hosts, what their durable exchanges, queues and bindings were declared
// with, their policies, and who may do what. Invariant: whatever `Changes` say of something durable, it is here, too; a start from this alone
// gives the same broker.
import type { AccessChange } from '../meta/access-rows.ts'
import type { DelayRow, TopologyChange } from '../meta/topology-change.ts'
import type { Destination } from './destination.ts'
import { bindingRow, isDurableBinding } from './exchange/binding.ts'
import { isPredeclared } from './exchange/check-name.ts'
import type { Exchange } from './exchange/exchange.ts'
import type { VHost } from './vhost.ts'

/** Changes that make it out of nothing. They may be taken over several turns, while others declare. */
export function* describeTopology(
  vhosts: Iterable<VHost<Destination>>,
  delays: Iterable<DelayRow>,
  access: Iterable<AccessChange>,
): Generator<TopologyChange> {
  for (const vhost of vhosts) {
    const { name, metadata } = vhost
    if (metadata !== undefined) yield { kind: 'vhost', op: 'put', row: { name, metadata } }
    for (const exchange of vhost.exchanges()) {
      if (!exchange.isDurable || isPredeclared(exchange.name)) continue
      yield { kind: 'exchange', op: 'put', row: exchange.row(vhost.name) }
    }
    for (const queue of vhost.queues()) {
      if (queue.isDurable) yield { kind: 'queue', op: 'put', row: queue.row() }
    }
    for (const exchange of vhost.exchanges()) yield* bindingsFrom(exchange, vhost.name)
    for (const isOperator of [false, true]) {
      for (const { matches: _, ...row } of vhost.policies.list(isOperator)) {
        yield { kind: 'policy', op: 'put', row }
      }
    }
  }
  for (const row of delays) yield { kind: 'delay', op: 'put', row }
  yield* access
}

function* bindingsFrom(exchange: Exchange<Destination>, vhost: string): Generator<TopologyChange> {
  for (const binding of exchange.bindings()) {
    if (!isDurableBinding(binding)) continue
    yield { kind: 'binding', op: 'put', row: bindingRow(vhost, binding) }
  }
}
