// Rows → log entries that put them, many in one: an entry for each would cost twice the bytes.
import { putsOfAccess } from './access-table.ts'
import { encodeTopologyChanges, type TopologyChange } from './topology-change.ts'
import type { Topology } from './topology.ts'

const changesPerEntry = 50

/** Entries of some ten kilobytes. */
export function* encodeInEntries(changes: Iterable<TopologyChange>): Generator<Buffer> {
  let waiting: TopologyChange[] = []
  for (const change of changes) {
    waiting.push(change)
    if (waiting.length < changesPerEntry) continue
    yield encodeTopologyChanges(waiting)
    waiting = []
  }
  if (waiting.length > 0) yield encodeTopologyChanges(waiting)
}

/** Changes that make `topology` out of nothing. */
export function* putsOf(topology: Omit<Topology, 'appliedSequence'>): Generator<TopologyChange> {
  for (const row of topology.vhosts) yield { kind: 'vhost', op: 'put', row }
  for (const row of topology.exchanges) yield { kind: 'exchange', op: 'put', row }
  for (const row of topology.queues) yield { kind: 'queue', op: 'put', row }
  for (const row of topology.bindings) yield { kind: 'binding', op: 'put', row }
  for (const row of topology.policies) yield { kind: 'policy', op: 'put', row }
  for (const row of topology.delays) yield { kind: 'delay', op: 'put', row }
  yield* putsOfAccess(topology.access)
}
