// What belongs to one node: what can come to it, and where it can go on from there.
import type { DrawnEdge } from './fold.ts'

/** Dead letters go on, but are no reason to show all that is behind them. */
const followed = new Set(['binding', 'default', 'alternate', 'source', 'read'])

/** Ids of what leads to a node and of what it leads to, itself among them. */
export function neighbourhoodOf(id: string, edges: readonly DrawnEdge[]): Set<string> {
  const near = new Set([id])
  for (const [from, to] of [
    ['from', 'to'],
    ['to', 'from'],
  ] as const) {
    const next = new Map<string, string[]>()
    for (const edge of edges) {
      if (!followed.has(edge.kind)) continue
      const known = next.get(edge[from])
      if (known === undefined) next.set(edge[from], [edge[to]])
      else known.push(edge[to])
    }
    // Grows while it is walked.
    const reached = new Set([id])
    for (const each of reached) for (const other of next.get(each) ?? []) reached.add(other)
    for (const each of reached) near.add(each)
  }
  for (const { kind, from, to } of edges) {
    if (kind !== 'dead_letter') continue
    if (from === id) near.add(to)
    if (to === id) near.add(from)
  }
  return near
}

/** One edge, as sets of lit ones name it. */
export function edgeKey({ from, to }: Pick<DrawnEdge, 'from' | 'to'>): string {
  return `${from}\n${to}`
}
