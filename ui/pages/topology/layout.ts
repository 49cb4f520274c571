// Where everything stands: columns from what messages come in by to who reads them, and in each column an order
// with few crossings. What was there before keeps its place among the others, so that nothing jumps.

export interface LayoutNode {
  readonly id: string
  readonly kind: string
  /** There is something to look at: what hangs together with it comes first. */
  readonly isTroubled?: boolean
}

export interface LayoutEdge {
  readonly from: string
  readonly to: string
  readonly kind: string
}

export interface Placed {
  readonly x: number
  readonly y: number
  /** From the left, in its block. */
  readonly column: number
  /** Which of what hangs together, in their order. */
  readonly part: number
}

export interface Head {
  readonly x: number
  readonly y: number
  readonly text: string
}

export interface Layout {
  readonly places: ReadonlyMap<string, Placed>
  /** Where edges pass columns on their way, by `laneId`: no node stands there. */
  readonly lanes: ReadonlyMap<string, Placed>
  readonly heads: readonly Head[]
  readonly width: number
  readonly height: number
}

export const nodeSize = { width: 228, height: 44 } as const
const gap = { row: 12, part: 28, block: 96, head: 36 } as const
/** Between columns: with room for the words on edges, or without. */
const columnGap = { wide: 160, narrow: 104 } as const
const laneHeight = 6
/** Sweeps over the columns; after that crossings hardly become fewer. */
const sweepCount = 8
/** A picture that is longer goes on in a block beside it, as a newspaper does. */
const blockHeightMin = 1400
/** Crossings of more edges are not counted. */
const countedEdgesMax = 1200

export interface LayoutOptions {
  /** What stands there now. */
  readonly before?: Layout | undefined
  /** No words stand on edges. */
  readonly isNarrow?: boolean
}

/** Lays out a graph. */
export function layOut(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  { before, isNarrow = false }: LayoutOptions = {},
): Layout {
  const whole = new Graph(nodes, edges)
  const columns = columnsOf(whole)
  const graph = withLanes(whole, columns)
  const parts = partsOf(graph).map((ids) => new Part(graph, columns, ids, before))
  const order = before === undefined ? bySize : byPlace(before)
  const between = isNarrow ? columnGap.narrow : columnGap.wide
  return arrange(parts.toSorted(order), columns, between)
}

class Graph {
  readonly nodes = new Map<string, LayoutNode>()
  readonly edges: readonly LayoutEdge[]
  readonly neighbours = new Map<string, string[]>()

  constructor(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]) {
    for (const node of nodes) {
      this.nodes.set(node.id, node)
      this.neighbours.set(node.id, [])
    }
    this.edges = edges.filter(({ from, to }) => {
      return from !== to && this.nodes.has(from) && this.nodes.has(to)
    })
    for (const { from, to } of this.edges) {
      this.neighbours.get(from)?.push(to)
      this.neighbours.get(to)?.push(from)
    }
  }
}

interface Columns {
  readonly of: Map<string, number>
  readonly count: number
  readonly heads: ReadonlyMap<number, string>
}

/** Exchanges stand as far from the queues as their messages have to go; then queues and topics, then readers. */
function columnsOf(graph: Graph): Columns {
  const heights = exchangeHeights(graph)
  const deepest = Math.max(0, ...heights.values())
  const hasExchanges = heights.size > 0
  const first = hasExchanges ? deepest + 1 : 0
  const sources = new Set(graph.edges.filter(({ kind }) => kind === 'source').map(({ to }) => to))
  const readers = first + (sources.size > 0 ? 2 : 1)
  const of = new Map<string, number>()
  for (const { id } of graph.nodes.values()) {
    const kind = kindOf(graph, id)
    if (kind === 'exchange') of.set(id, deepest - (heights.get(id) ?? 0))
    else if (kind === 'reader') of.set(id, readers)
    else of.set(id, first + (sources.has(id) ? 1 : 0))
  }
  const used = new Set(of.values())
  const heads = new Map<number, string>()
  if (hasExchanges) heads.set(0, 'Exchanges')
  if (used.has(first)) heads.set(first, 'Queues and topics')
  if (readers - first === 2) heads.set(first + 1, 'Queues with a source')
  if (used.has(readers)) heads.set(readers, 'Who reads')
  return { of, count: Math.max(-1, ...used) + 1, heads }
}

type Kind = 'exchange' | 'queue' | 'reader'

/** Ids of folded nodes say what they fold. */
function kindOf({ nodes }: Graph, id: string): Kind {
  const kind = nodes.get(id)?.kind ?? ''
  const own = kind === 'folded' ? id.slice(id.indexOf(':') + 1).split(' ', 1)[0] : kind
  if (own === 'exchange') return 'exchange'
  return own === 'client' || own === 'group' ? 'reader' : 'queue'
}

/** How many exchanges are at most behind each; edges that close a circle do not count. */
function exchangeHeights(graph: Graph): Map<string, number> {
  const next = new Map<string, string[]>()
  for (const { id } of graph.nodes.values()) {
    if (kindOf(graph, id) === 'exchange') next.set(id, [])
  }
  for (const { from, to } of graph.edges) if (next.has(to)) next.get(from)?.push(to)
  const heights = new Map<string, number>()
  const onWay = new Set<string>()
  const heightOf = (id: string): number => {
    const known = heights.get(id)
    if (known !== undefined) return known
    onWay.add(id)
    let height = 0
    for (const to of next.get(id) ?? []) {
      if (!onWay.has(to)) height = Math.max(height, heightOf(to) + 1)
    }
    onWay.delete(id)
    heights.set(id, height)
    return height
  }
  for (const id of next.keys()) heightOf(id)
  return heights
}

/** All that goes on from one thing passes a column in one lane. */
export function laneId(from: string, column: number): string {
  return `lane ${column} ${from}`
}

/** Edges that pass columns become chains of edges, by lanes that have their place in each of these. */
function withLanes({ nodes, edges }: Graph, columns: Columns): Graph {
  const all = new Map(nodes)
  const chains: LayoutEdge[] = []
  for (const edge of edges) {
    const last = columns.of.get(edge.to) ?? 0
    let { from } = edge
    for (let column = (columns.of.get(from) ?? 0) + 1; column < last; column++) {
      const id = laneId(edge.from, column)
      all.set(id, { id, kind: 'lane' })
      columns.of.set(id, column)
      chains.push({ ...edge, from, to: id })
      from = id
    }
    chains.push({ ...edge, from })
  }
  return new Graph([...all.values()], chains)
}

function heightOf(id: string): number {
  return id.startsWith('lane ') ? laneHeight : nodeSize.height
}

/** What hangs together, each by its ids in the order in which they came. */
function partsOf({ nodes, neighbours }: Graph): string[][] {
  const parts: string[][] = []
  const seen = new Set<string>()
  for (const id of nodes.keys()) {
    if (seen.has(id)) continue
    // Grows while it is walked.
    const part = new Set([id])
    for (const each of part) for (const other of neighbours.get(each) ?? []) part.add(other)
    for (const each of part) seen.add(each)
    parts.push([...part])
  }
  return parts
}

/** What hangs together: its columns in their order, and how far down each node stands in it. */
class Part {
  readonly ids: readonly string[]
  /** How far down the middle of each stands. */
  readonly middles = new Map<string, number>()
  readonly height: number
  readonly isTroubled: boolean
  #columns: string[][]
  readonly #graph: Graph
  readonly #columnOf: ReadonlyMap<string, number>

  constructor(graph: Graph, columns: Columns, ids: readonly string[], before: Layout | undefined) {
    this.#graph = graph
    this.#columnOf = columns.of
    this.ids = ids
    this.isTroubled = ids.some((id) => graph.nodes.get(id)?.isTroubled === true)
    this.#columns = Array.from({ length: columns.count }, () => [])
    for (const id of ids) this.#columns[columns.of.get(id) ?? 0]?.push(id)
    const isKnown = before !== undefined && ids.some((id) => before.places.has(id))
    if (isKnown) this.#keepOrder(before)
    else this.#sweep()
    this.height = this.#place()
  }

  /** Those that were there stay in their order; new ones come where their neighbours are. */
  #keepOrder({ places, lanes }: Layout): void {
    const wanted = new Map<string, number>()
    for (const id of this.ids) {
      const own = places.get(id) ?? lanes.get(id)
      const neighbours = this.#graph.neighbours.get(id) ?? []
      const known = neighbours.flatMap((each) => places.get(each)?.y ?? [])
      wanted.set(id, own?.y ?? meanOf(known) ?? Infinity)
    }
    const at = (id: string): number => wanted.get(id) ?? 0
    this.#columns = this.#columns.map((column) => column.toSorted((a, b) => compare(at(a), at(b))))
  }

  /** Each node goes to the mean of its neighbours, column by column, forth and back; the best is kept. */
  #sweep(): void {
    let best = this.#columns
    let fewest = this.#crossings()
    for (let sweep = 0; sweep < sweepCount && fewest > 0; sweep++) {
      const isForth = sweep % 2 === 0
      const order = this.#columns.map((_, index) => index)
      for (const index of isForth ? order : order.toReversed()) this.#order(index, isForth)
      const crossings = this.#crossings()
      if (crossings < fewest) {
        fewest = crossings
        best = this.#columns.map((column) => [...column])
      }
    }
    this.#columns = best
  }

  #order(index: number, isForth: boolean): void {
    const ranks = this.#ranks()
    const meanRank = (id: string): number => {
      const neighbours = this.#graph.neighbours.get(id) ?? []
      const beside = neighbours.filter((each) => {
        const column = this.#columnOf.get(each) ?? 0
        return isForth ? column < index : column > index
      })
      return meanOf(beside.map((each) => ranks.get(each) ?? 0)) ?? ranks.get(id) ?? 0
    }
    const keyed = (this.#columns[index] ?? []).map((id) => ({ id, key: meanRank(id) }))
    this.#columns[index] = keyed.toSorted((a, b) => a.key - b.key).map(({ id }) => id)
  }

  /** From 0 to 1 in each column, so that long and short ones compare. */
  #ranks(): Map<string, number> {
    const ranks = new Map<string, number>()
    for (const column of this.#columns) {
      column.forEach((id, index) => ranks.set(id, (index + 0.5) / column.length))
    }
    return ranks
  }

  #crossings(): number {
    const ranks = this.#ranks()
    const edges = this.#graph.edges.filter(({ from }) => ranks.has(from))
    if (edges.length > countedEdgesMax) return Infinity
    return crossingsOf(edges, ranks, this.#columnOf)
  }

  /** Stands nodes as near to the mean of their neighbours as their order lets them; says how high that is. */
  #place(): number {
    for (const column of this.#columns) {
      offsetsOf(column).forEach((offset, index) => this.middles.set(column[index] ?? '', offset))
    }
    const longest = this.#columns.reduce((a, b) => (b.length > a.length ? b : a), [])
    const middle = this.#columns.indexOf(longest)
    const order = this.#columns.map((_, index) => index)
    const near = order.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))
    for (let round = 0; round < 3; round++) {
      for (const index of round === 0 ? near : [...near, ...near.toReversed()]) {
        if (this.#columns[index] !== longest) this.#pull(this.#columns[index] ?? [])
      }
    }
    const { height } = nodeSize
    const top = Math.min(...this.middles.values()) - height / 2
    for (const [id, y] of this.middles) this.middles.set(id, Math.round(y - top))
    return Math.max(...this.middles.values()) + height / 2
  }

  #pull(column: readonly string[]): void {
    const wanted = column.map((id) => {
      const neighbours = this.#graph.neighbours.get(id) ?? []
      const middles = neighbours.map((each) => this.middles.get(each) ?? 0)
      return meanOf(middles) ?? this.middles.get(id) ?? 0
    })
    const places = spread(wanted, offsetsOf(column))
    places.forEach((middle, index) => this.middles.set(column[index] ?? '', middle))
  }
}

/** Of each node's middle from the first one's, when they stand as close as they may. */
function offsetsOf(column: readonly string[]): number[] {
  let offset = 0
  return column.map((id, index) => {
    const above = column[index - 1]
    if (above !== undefined) offset += (heightOf(above) + heightOf(id)) / 2 + gap.row
    return offset
  })
}

/** Pairs of edges between the same two columns that cross each other. */
export function crossingsOf(
  edges: readonly LayoutEdge[],
  ranks: ReadonlyMap<string, number>,
  columnOf: ReadonlyMap<string, number>,
): number {
  let crossings = 0
  const ends = edges.map(({ from, to }) => {
    const [a, b] = [columnOf.get(from) ?? 0, columnOf.get(to) ?? 0]
    const [left, right] = a < b ? [from, to] : [to, from]
    const columns = `${Math.min(a, b)} ${Math.max(a, b)}`
    return { columns, left: ranks.get(left) ?? 0, right: ranks.get(right) ?? 0 }
  })
  for (let first = 0; first < ends.length; first++) {
    for (let second = first + 1; second < ends.length; second++) {
      const [a, b] = [ends[first]!, ends[second]!]
      if (a.columns !== b.columns) continue
      if ((a.left - b.left) * (a.right - b.right) < 0) crossings++
    }
  }
  return crossings
}

/**
 * Places in the given order, as far apart as their offsets from the first are at least, and as near as can be to
 * those that are wanted (pools of adjacent violators).
 */
export function spread(wanted: readonly number[], offsets: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = []
  wanted.forEach((place, index) => {
    let pool = { sum: place - (offsets[index] ?? 0), count: 1 }
    for (let last = pools.at(-1); last !== undefined; last = pools.at(-1)) {
      if (last.sum / last.count <= pool.sum / pool.count) break
      pools.pop()
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count }
    }
    pools.push(pool)
  })
  const places: number[] = []
  for (const { sum, count } of pools) {
    for (let each = 0; each < count; each++)
      places.push(sum / count + (offsets[places.length] ?? 0))
  }
  return places
}

/** One under the other in blocks, so that the picture is not much longer than wide. */
function arrange(parts: readonly Part[], columns: Columns, between: number): Layout {
  const columnWidth = nodeSize.width + between
  const blockWidth = columns.count * columnWidth - between
  const total = parts.reduce((sum, { height }) => sum + height + gap.part, 0)
  const blockHeight = Math.max(blockHeightMin, Math.sqrt((total * blockWidth) / 1.6))
  const places = new Map<string, Placed>()
  const lanes = new Map<string, Placed>()
  const heads: Head[] = []
  let [left, top, lowest] = [0, 0, 0]
  for (const [index, part] of parts.entries()) {
    if (top > 0 && top + part.height > blockHeight) {
      left += blockWidth + gap.block
      top = 0
    }
    if (top === 0) {
      top = gap.head
      for (const [column, text] of columns.heads) {
        heads.push({ x: left + column * columnWidth, y: 0, text })
      }
    }
    for (const id of part.ids) {
      const column = columns.of.get(id) ?? 0
      const x = left + column * columnWidth
      const y = top + (part.middles.get(id) ?? 0) - heightOf(id) / 2
      const where = id.startsWith('lane ') ? lanes : places
      where.set(id, { x, y, column, part: index })
    }
    top += part.height + gap.part
    lowest = Math.max(lowest, top - gap.part)
  }
  return { places, lanes, heads, width: left + Math.max(0, blockWidth), height: lowest }
}

/** Those with trouble first, then those of many nodes; what came first stands before what came later. */
function bySize(a: Part, b: Part): number {
  return Number(b.isTroubled) - Number(a.isTroubled) || b.ids.length - a.ids.length
}

function byPlace({ places }: Layout): (a: Part, b: Part) => number {
  const at = ({ ids }: Part): number => {
    return Math.min(Infinity, ...ids.flatMap((id) => places.get(id)?.part ?? []))
  }
  return (a, b) => compare(at(a), at(b))
}

function compare(a: number, b: number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function meanOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
