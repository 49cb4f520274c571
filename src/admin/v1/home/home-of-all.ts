// The home page of a cluster: what is wrong in any cell or node, or with the cluster itself.
import type { Directory } from '../../../cluster/directory.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { ClusterWay } from '../../api/where.ts'
import type { JsonPart, MergeAsked } from '../../cluster/gather-json.ts'
import { gatherJson } from '../../cluster/gather-json.ts'
import { clusterFindings, missingFindings } from './cluster-findings.ts'
import type { Finding } from './finding.ts'
import type { CountName, HistoryJson, HomeJson, RatesJson } from './home-json.ts'
import { many, named, perSecond } from './words.ts'

export const homeOfAll: ClusterWay = gatherJson(['vhosts', 'nodes'], mergeHomes)

interface HomePart {
  readonly node?: number
  readonly cell?: number
  readonly home: HomeJson
}

function mergeHomes(parts: readonly JsonPart[], { cluster, missing }: MergeAsked): unknown {
  const all: HomePart[] = parts.map(({ target, json }) => ({
    ...target,
    home: json as unknown as HomeJson,
  }))
  const cells = all.filter(({ cell }) => cell !== undefined)
  const nodes = all.filter(({ node }) => node !== undefined)
  const { self, nodes: known } = cluster.directory
  const own = nodes.find(({ node }) => node === self.node) ?? nodes[0] ?? cells[0]
  if (own === undefined) return Response.json({ error: 'service_unavailable' }, { status: 503 })
  const first = cells.find(({ cell }) => cell === 0) ?? own
  const nameOf = (node: number): string => known.find((each) => each.node === node)?.name ?? ''
  const others = nodes
    .filter((each) => each !== own)
    .toSorted((a, b) => nameOf(a.node ?? 0).localeCompare(nameOf(b.node ?? 0)))
  const counts = countsOf(cells, nodes)
  const seesAll = own.home.history !== null
  const rates = sumRates((seesAll ? nodes : cells).map(({ home }) => home.rates))
  const wrong = worstFirst([
    ...missingFindings(missing),
    ...clusterFindings(cluster.directory),
    ...cells.flatMap(({ home }) => home.findings.filter(({ kind }) => !ofNodes.has(kind))),
    ...nodes.flatMap(({ node = 0, home }) =>
      home.findings
        .filter(({ kind }) => ofNodes.has(kind) || kind === 'no-standby')
        .map((finding) =>
          finding.kind === 'no-standby' ? finding : onNode(finding, nameOf(node)),
        ),
    ),
  ])
  const findings = wrong.length > 0 ? wrong : [fineFinding(counts, rates)]
  return {
    ...own.home,
    health: findings[0]?.severity ?? 'fine',
    findings,
    cluster: first.home.cluster,
    is_empty: counts.streams === 0,
    rates,
    history: seesAll ? sumHistories(own.home, nodes) : null,
    growers: cells
      .flatMap(({ home }) => home.growers)
      .toSorted((a, b) => b.growth - a.growth)
      .slice(0, healthLimits.growersMax),
    counts,
    protocols: sumCounts(nodes.map(({ home }) => home.protocols)),
    nodes: nodesJson(cluster.directory),
    listeners: [own, ...others].flatMap(({ node = 0, home }) =>
      home.listeners.map((listener) => ({ ...listener, node: nameOf(node) })),
    ),
  }
}

function nodesJson({ nodes, cells }: Directory): HomeJson['nodes'] {
  return {
    count: nodes.length,
    gone: nodes.filter(({ isAlive, isStopped }) => !isAlive && !isStopped).length,
    cells_out: cells.filter(({ owner }) => owner === undefined).length,
  }
}

/** What a node says of itself; its cells would say the same of it. */
const ofNodes: ReadonlySet<string> = new Set([
  'maintenance',
  'stopping',
  'starting',
  'files',
  'certificate',
  'memory',
  'frozen',
  'rows-wait',
  'objects-fail',
])

function onNode(finding: Finding, name: string): Finding {
  return { ...finding, text: `On ${named(name)}: ${finding.text}` }
}

/** Two cells may say the same, such as that memory is short. What is fine is told where nothing is wrong. */
function worstFirst(findings: readonly Finding[]): Finding[] {
  const wrong = findings.filter(({ kind }) => kind !== 'fine')
  const distinct = [...new Map(wrong.map((finding) => [finding.text, finding])).values()]
  const bad = distinct.filter(({ severity }) => severity === 'bad')
  return [...bad, ...distinct.filter(({ severity }) => severity !== 'bad')]
}

const countsOfClients: ReadonlySet<CountName> = new Set(['connections', 'blocked_connections'])

function countsOf(cells: readonly HomePart[], nodes: readonly HomePart[]): HomeJson['counts'] {
  const ofCells = sumCounts(cells.map(({ home }) => home.counts))
  const ofNodesOnly = sumCounts(nodes.map(({ home }) => home.counts))
  const names = Object.keys(ofNodesOnly) as CountName[]
  return Object.fromEntries(
    names.map((name) => [name, (countsOfClients.has(name) ? ofNodesOnly : ofCells)[name] ?? 0]),
  ) as HomeJson['counts']
}

function sumCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}

function sumRates(all: readonly RatesJson[]): RatesJson {
  const sum = (name: keyof RatesJson): number =>
    Math.round(all.reduce((total, rates) => total + rates[name], 0) * 10) / 10
  return { in: sum('in'), out: sum('out'), ack: sum('ack') }
}

/** At the times of one node: others sample at other times, less than a step away. */
function sumHistories({ history }: HomeJson, nodes: readonly HomePart[]): HistoryJson | null {
  if (history === null) return null
  const others = nodes.map(({ home }) => home.history).filter((each) => each !== history)
  const at = (other: HistoryJson | null, name: 'in' | 'out' | 'ack', time: number): number => {
    const index = other?.times.findLastIndex((each) => each <= time) ?? -1
    return other?.[name][index] ?? 0
  }
  const sum = (name: 'in' | 'out' | 'ack'): number[] =>
    history.times.map((time, index) =>
      others.reduce((total, other) => total + at(other, name, time), history[name][index] ?? 0),
    )
  return { times: history.times, in: sum('in'), out: sum('out'), ack: sum('ack') }
}

/** Where nothing is wrong. */
export function fineFinding(counts: HomeJson['counts'], rates: RatesJson): Finding {
  const { streams, queues, topics } = counts
  const there = `${many(queues, 'queue')}, ${many(topics, 'topic')}`
  const text =
    streams === 0
      ? 'Ready, and empty: there is no queue and no topic yet'
      : `All is well: ${there}, ${perSecond(rates.in)} in, ${perSecond(rates.out)} out`
  return { kind: 'fine', severity: 'fine', text }
}
