import type { Directory, KnownNode } from '../../cluster/directory.ts'
import type { Clock } from '../../lib/clock.ts'
import { clusterLimits } from '../../limits/cluster.ts'

/** Nodes that have gone a moment ago, as far as this one has seen it: they may come back. */
export function lateNodes(
  { nodes }: Pick<Directory, 'nodes'>,
  clock: Pick<Clock, 'monotonic'>,
): KnownNode[] {
  const since = clock.monotonic() - clusterLimits.lateBrokerMs
  return nodes.filter(({ goneAt }) => goneAt !== undefined && goneAt > since)
}
