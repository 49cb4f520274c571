// Folds what looks alike: of many queues that the same things lead to, and that the same things read, a few are
// drawn and the others are one node that says how many there are.
import type { TopologyEdgeJson, TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'

/** Several nodes drawn as one. */
export interface FoldedNode {
  readonly id: string
  readonly kind: 'folded'
  readonly of: TopologyNodeJson['kind']
  readonly members: readonly TopologyNodeJson[]
}

export type DrawnNode = TopologyNodeJson | FoldedNode

export type DrawnEdge = Pick<TopologyEdgeJson, 'kind' | 'from' | 'to'> & {
  /** Undefined for the edge of a folded node. */
  readonly edge: TopologyEdgeJson | undefined
}

export interface Folded {
  readonly nodes: readonly DrawnNode[]
  readonly edges: readonly DrawnEdge[]
}

/** Alike ones that are drawn each for itself. */
const drawnOfAlike = 6
/** Fewer are not worth a fold. */
const alikeMin = 10

/** `unfolded` are ids of folded nodes that stand open, and of nodes that are drawn whatever they look like. */
export function fold(
  nodes: readonly TopologyNodeJson[],
  edges: readonly TopologyEdgeJson[],
  unfolded: ReadonlySet<string>,
): Folded {
  const into = new Map<string, string>()
  const folded: FoldedNode[] = []
  for (const [id, alike] of alikeOf(nodes, edges)) {
    if (alike.length < alikeMin || unfolded.has(id)) continue
    const hidden = alike
      .filter((node) => !unfolded.has(node.id))
      .toSorted((a, b) => weightOf(b) - weightOf(a) || (a.id < b.id ? -1 : 1))
      .slice(drawnOfAlike)
    if (hidden.length === 0) continue
    folded.push({ id, kind: 'folded', of: alike[0]!.kind, members: hidden })
    for (const node of hidden) into.set(node.id, id)
  }
  const drawn = new Map<string, DrawnEdge>()
  for (const edge of edges) {
    const from = into.get(edge.from) ?? edge.from
    const to = into.get(edge.to) ?? edge.to
    const isOwn = from === edge.from && to === edge.to
    const key = `${edge.kind}\n${from}\n${to}`
    if (from === to || drawn.has(key)) continue
    drawn.set(key, { kind: edge.kind, from, to, edge: isOwn ? edge : undefined })
  }
  return {
    nodes: [...nodes.filter(({ id }) => !into.has(id)), ...folded],
    edges: [...drawn.values()],
  }
}

/** Nodes but exchanges, by all that they are linked with. */
function alikeOf(
  nodes: readonly TopologyNodeJson[],
  edges: readonly TopologyEdgeJson[],
): Map<string, TopologyNodeJson[]> {
  const links = new Map<string, string[]>()
  const add = (id: string, link: string): void => {
    const known = links.get(id)
    if (known === undefined) links.set(id, [link])
    else known.push(link)
  }
  for (const { kind, from, to } of edges) {
    add(from, `${kind} to ${to}`)
    add(to, `${kind} from ${from}`)
  }
  const alike = new Map<string, TopologyNodeJson[]>()
  for (const node of nodes) {
    const own = links.get(node.id)
    if (node.kind === 'exchange' || own === undefined) continue
    const key = `folded:${node.kind} ${own.toSorted().join(', ')}`
    const known = alike.get(key)
    if (known === undefined) alike.set(key, [node])
    else known.push(node)
  }
  return alike
}

/** What is worth a look of its own; in steps, so that numbers that tick change nothing. */
function weightOf({ flags, in: incoming, out, messages }: TopologyNodeJson): number {
  const isWrong = flags.includes('full') || (messages > 0 && flags.includes('no_consumers'))
  const level = (value: number): number => Math.ceil(Math.log2(value + 1))
  return (isWrong ? 1e6 : 0) + level(incoming + out) * 100 + level(messages)
}
