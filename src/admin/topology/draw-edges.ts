// Edges between the things of a picture: links between the same two, for the same reason, are one.
import type { Steps } from '../../lib/slices.ts'
import { topologyLimits } from '../../limits/topology.ts'
import { linksFrom, linksTo } from './links.ts'
import type { Survey } from './survey.ts'
import type { Link, LinkKind } from './thing.ts'

export interface Edge {
  readonly kind: LinkKind
  readonly from: string
  readonly to: string
  /** Some of the links. */
  readonly links: Link[]
  /** How many there are. */
  count: number
}

export interface Drawing {
  readonly edges: readonly Edge[]
  /** By id: links to things that are not drawn, where there are some. */
  readonly hidden: ReadonlyMap<string, number>
}

export function* drawEdges(survey: Survey, chosen: ReadonlySet<string>): Steps<Drawing> {
  const edges = new Map<string, Edge>()
  const hidden = new Map<string, number>()
  let looked = 0
  const hide = (id: string): Map<string, number> => hidden.set(id, (hidden.get(id) ?? 0) + 1)
  for (const id of chosen) {
    const thing = survey.find(id)
    if (thing === undefined) continue
    for (const link of linksFrom(survey, thing)) {
      if (chosen.has(link.to)) addLink(edges, link)
      else hide(id)
      if (++looked % topologyLimits.lookedAtOnce === 0) yield
    }
    for (const { from } of linksTo(survey, thing)) {
      if (!chosen.has(from)) hide(id)
      if (++looked % topologyLimits.lookedAtOnce === 0) yield
    }
  }
  return { edges: [...edges.values()], hidden }
}

function addLink(edges: Map<string, Edge>, link: Link): void {
  const { kind, from, to } = link
  const key = JSON.stringify([kind, from, to])
  const known = edges.get(key)
  if (known === undefined) {
    edges.set(key, { kind, from, to, links: [link], count: 1 })
    return
  }
  known.count++
  if (known.links.length < topologyLimits.bindingsPerEdgeMax) known.links.push(link)
}

/**
 * The edges by which all of what comes to a thing comes, where only one can bring some: then its rate is that of
 * the thing. What stands in `active` has brought something.
 */
export function onlyWaysIn(
  edges: readonly Edge[],
  hidden: ReadonlyMap<string, number>,
  isActive: (id: string) => boolean,
): ReadonlySet<Edge> {
  const ways = new Map<string, Edge | 'several'>()
  for (const edge of edges) {
    if (edge.kind === 'read' || edge.kind === 'source') continue
    if (!isActive(edge.from)) continue
    ways.set(edge.to, ways.has(edge.to) ? 'several' : edge)
  }
  const only = new Set<Edge>()
  for (const [to, way] of ways) if (way !== 'several' && !hidden.has(to)) only.add(way)
  return only
}
