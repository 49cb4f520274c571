// The picture: nodes in columns, edges between them, and the buttons and keys that move it.
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { type EdgeProps, Edges } from './edges.tsx'
import type { DrawnEdge, Folded } from './fold.ts'
import { type Layout, layOut, nodeSize } from './layout.ts'
import { edgeKey, neighbourhoodOf } from './neighbourhood.ts'
import { type Frame, usePanZoom } from './pan-zoom.ts'
import { NodeShape } from './shapes.tsx'
import { wayOf } from './way.ts'
import { foldedNote, hiddenText, worstNote } from './words.ts'
import './graph.css'

/** What is lit: nodes by their ids, edges by `edgeKey`. */
export interface Lit {
  readonly nodes: ReadonlySet<string>
  readonly edges: ReadonlySet<string>
}

export interface GraphProps {
  readonly graph: Folded
  /** Another one is another picture: nothing of its order is kept. */
  readonly pictureKey: string
  readonly selected: string | undefined
  readonly lit: Lit | undefined
  readonly isStale: boolean
  readonly onOpen: (id: string) => void
}

/** With more edges words stand only on those that one looks at. */
const toldEdgesMax = 70

/** What is near a node is not drawn smaller than that to have all of it in sight. */
const nearScaleMin = 0.6

export function Graph(props: GraphProps): JSX.Element {
  const { graph, pictureKey, selected, lit, isStale, onOpen } = props
  const layout = useLayout(graph, pictureKey)
  const svg = useRef<SVGSVGElement>(null)
  const pan = usePanZoom(svg, layout)
  const [hovered, setHovered] = useState<string>()
  const [focused, setFocused] = useState<string>()
  useSight(props, layout, pan)
  // What the keys are at is looked at like what the pointer is on.
  const [keyed, setKeyed] = useState<string>()
  const looked = selected ?? hovered ?? keyed
  const content = useMemo(
    () => <Content {...{ graph, layout, selected, lit, looked, focused, onOpen }} />,
    [graph, layout, selected, lit, looked, focused],
  )
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = keyAction(event, pan, onOpen)
    if (act === undefined) return
    event.preventDefault()
    act()
  }
  return (
    <div class={isStale ? 'graph graph-stale' : 'graph'}>
      <svg
        ref={svg}
        class="graph-picture"
        role="group"
        aria-label="Picture of the topology: arrows move between nodes, Enter opens one, plus and minus zoom"
        onPointerDown={pan.onPointerDown}
        onPointerMove={pan.onPointerMove}
        onPointerUp={pan.onPointerUp}
        onPointerCancel={pan.onPointerUp}
        onPointerOver={({ target }) => setHovered(nodeIdOf(target) ?? edgeIdOf(target))}
        onPointerLeave={() => setHovered(undefined)}
        onFocusIn={({ target }) => {
          const id = nodeIdOf(target)
          setFocused(id)
          setKeyed(isByKeys(target) ? id : undefined)
          const place = id === undefined ? undefined : layout.places.get(id)
          if (place !== undefined && isByKeys(target)) pan.show({ ...place, ...nodeSize })
        }}
        onFocusOut={() => setKeyed(undefined)}
        onKeyDown={onKeyDown}
      >
        <Arrows />
        <g transform={`translate(${pan.view.x} ${pan.view.y}) scale(${pan.view.scale})`}>
          {content}
        </g>
      </svg>
      <div class="graph-buttons">
        <Button label="Zoom in" title="Zoom in (+)" onClick={() => pan.zoom(1.3)}>
          +
        </Button>
        <Button label="Zoom out" title="Zoom out (−)" onClick={() => pan.zoom(1 / 1.3)}>
          −
        </Button>
        <Button title="All of it in sight (0)" onClick={() => pan.fit(true)}>
          Fit
        </Button>
      </div>
    </div>
  )
}

/** All is in sight at first, then what one opens or what is lit. */
function useSight(
  { graph, pictureKey, selected, lit }: GraphProps,
  layout: Layout,
  pan: ReturnType<typeof usePanZoom>,
): void {
  const isReady = pan.box.width > 0
  useLayoutEffect(() => {
    if (!isReady) return
    pan.fit()
    const first = firstExchange(graph, layout)
    if (first !== undefined) pan.show(first)
  }, [pictureKey, isReady, graph.nodes.length > 0])
  useEffect(() => {
    const place = selected === undefined ? undefined : layout.places.get(selected)
    if (!isReady || selected === undefined || place === undefined) return
    const near = frameOf(neighbourhoodOf(selected, graph.edges), layout)
    if (near !== undefined) pan.frame(near, nearScaleMin)
    pan.show({ ...place, ...nodeSize })
  }, [selected, isReady, pan.box.width])
  useEffect(() => {
    const frame = lit === undefined ? undefined : frameOf(lit.nodes, layout)
    if (isReady && frame !== undefined) pan.frame(frame)
  }, [lit, isReady, pan.box.width])
}

/** Where one begins to read: an exchange stands at the middle of its queues, which may be below what is in sight. */
function firstExchange({ nodes }: Folded, { places }: Layout): Frame | undefined {
  const [first] = nodes
    .filter(({ kind }) => kind === 'exchange')
    .map(({ id }) => places.get(id))
    .filter((place) => place !== undefined)
    .toSorted((a, b) => a.part - b.part || a.y - b.y)
  const around = 4 * nodeSize.height
  return (
    first && {
      x: first.x,
      y: first.y - around,
      width: nodeSize.width,
      height: nodeSize.height + 2 * around,
    }
  )
}

/** The layout of the same things is the same one, however their numbers tick. */
function useLayout({ nodes, edges }: Folded, pictureKey: string): Layout {
  const known = useRef<{ key: string; shape: string; layout: Layout }>(undefined)
  const shape = useMemo(
    () => `${nodes.map(({ id }) => id).join('\n')}\n\n${edges.map(edgeKey).join('\n')}`,
    [nodes, edges],
  )
  const before = known.current
  if (before?.key === pictureKey && before.shape === shape) return before.layout
  const marked = nodes.map((node) => {
    const note = node.kind === 'folded' ? foldedNote(node) : worstNote(node)
    return { id: node.id, kind: node.kind, isTroubled: note !== undefined }
  })
  const layout = layOut(marked, edges, {
    before: before?.key === pictureKey ? before.layout : undefined,
    isNarrow: edges.length > toldEdgesMax,
  })
  known.current = { key: pictureKey, shape, layout }
  return layout
}

/** What holds all of these nodes; undefined where none is drawn. */
function frameOf(ids: ReadonlySet<string>, { places }: Layout): Frame | undefined {
  const found = [...ids].flatMap((id) => places.get(id) ?? [])
  if (found.length === 0) return undefined
  const [xs, ys] = [found.map(({ x }) => x), found.map(({ y }) => y)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return {
    x,
    y,
    width: Math.max(...xs) - x + nodeSize.width,
    height: Math.max(...ys) - y + nodeSize.height,
  }
}

interface ContentProps extends Pick<GraphProps, 'graph' | 'selected' | 'lit' | 'onOpen'> {
  readonly layout: Layout
  readonly looked: string | undefined
  readonly focused: string | undefined
}

function Content(props: ContentProps): JSX.Element {
  const { graph, layout, selected, lit, looked, focused, onOpen } = props
  const { nodes, edges } = graph
  const near = selected === undefined ? undefined : neighbourhoodOf(selected, edges)
  const isNear = (id: string): boolean => {
    return lit === undefined ? (near?.has(id) ?? true) : lit.nodes.has(id)
  }
  const isLit = (edge: DrawnEdge): boolean => lit?.edges.has(edgeKey(edge)) === true
  const isBetween = (edge: DrawnEdge): boolean => {
    return lit === undefined ? isNear(edge.from) && isNear(edge.to) : isLit(edge)
  }
  const degrees = degreesOf(edges)
  const degreeOf = (id: string): number => degrees.get(id) ?? 0
  const isQuiet = edges.length <= toldEdgesMax
  const lines = edges.flatMap((drawn): EdgeProps[] => {
    const [from, to] = [layout.places.get(drawn.from), layout.places.get(drawn.to)]
    if (from === undefined || to === undefined) return []
    const id = `${drawn.kind}\n${edgeKey(drawn)}`
    const isOwnLooked = [drawn.from, drawn.to, id].includes(looked ?? '')
    const isOwnLit = isLit(drawn) || (lit === undefined && isOwnLooked)
    const isDim = !isBetween(drawn)
    return [
      {
        drawn,
        id,
        way: wayOf(drawn.from, [from, to], layout.lanes),
        isDim,
        isLit: isOwnLit,
        isTold: isQuiet && !isDim && drawn.kind !== 'dead_letter',
        isLooked: isOwnLit || isOwnLooked,
        end: degreeOf(drawn.from) < degreeOf(drawn.to) ? 'from' : 'to',
      },
    ]
  })
  const standing = nodes.flatMap((node) => {
    const place = layout.places.get(node.id)
    return place === undefined ? [] : [{ ...place, lettersBeside: hiddenText(node).length }]
  })
  const current = nodes.some(({ id }) => id === focused) ? focused : nodes[0]?.id
  return (
    <>
      {layout.heads.map(({ x, y, text }) => (
        <text key={`${x} ${text}`} class="graph-head" x={x} y={y + 12}>
          {text}
        </text>
      ))}
      <Edges lines={lines} nodes={standing} />
      {nodes.map((node) => {
        const place = layout.places.get(node.id)
        if (place === undefined) return null
        return (
          <NodeShape
            key={node.id}
            node={node}
            place={place}
            isSelected={node.id === selected}
            isDim={!isNear(node.id)}
            isLit={lit?.nodes.has(node.id) === true}
            isCurrent={node.id === current}
            onOpen={onOpen}
          />
        )
      })}
    </>
  )
}

function degreesOf(edges: readonly DrawnEdge[]): Map<string, number> {
  const degrees = new Map<string, number>()
  for (const { from, to } of edges) {
    for (const id of [from, to]) degrees.set(id, (degrees.get(id) ?? 0) + 1)
  }
  return degrees
}

function Arrows(): JSX.Element {
  return (
    <defs>
      {['plain', 'dead', 'lit'].map((kind) => (
        <marker
          key={kind}
          id={`arrow-${kind}`}
          class={`arrow arrow-${kind}`}
          viewBox="0 0 8 8"
          refX="1"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0.5L8 4L0 7.5Z" />
        </marker>
      ))}
    </defs>
  )
}

function nodeIdOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof Element)) return undefined
  return target.closest('[data-node]')?.getAttribute('data-node') ?? undefined
}

function edgeIdOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof Element)) return undefined
  return target.closest('[data-edge]')?.getAttribute('data-edge') ?? undefined
}

function isByKeys(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches(':focus-visible')
}

/** What a key does; undefined: nothing here. */
function keyAction(
  event: KeyboardEvent,
  pan: ReturnType<typeof usePanZoom>,
  onOpen: (id: string) => void,
): (() => void) | undefined {
  const id = nodeIdOf(event.target)
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined
  switch (event.key) {
    case '+':
    case '=':
      return () => pan.zoom(1.3)
    case '-':
      return () => pan.zoom(1 / 1.3)
    case '0':
      return () => pan.fit(true)
    case 'Enter':
    case ' ':
      return id === undefined ? undefined : () => onOpen(id)
    default: {
      const way = ways[event.key]
      const from = event.target instanceof Element ? event.target.closest('[data-node]') : null
      if (way === undefined || from === null) return undefined
      return () => nextNode(from, way)?.focus()
    }
  }
}

const ways: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** The nearest node in a direction; what lies aside counts as farther. */
function nextNode(
  from: Element,
  [wayX, wayY]: readonly [x: number, y: number],
): SVGElement | undefined {
  const middleOf = (element: Element): { readonly x: number; readonly y: number } => {
    // Without the words beside it.
    const shape = element.querySelector('.node-shape') ?? element
    const { left, top, width, height } = shape.getBoundingClientRect()
    return { x: left + width / 2, y: top + height / 2 }
  }
  const start = middleOf(from)
  let nearest: SVGElement | undefined
  let least = Infinity
  for (const node of from.closest('svg')?.querySelectorAll<SVGElement>('[data-node]') ?? []) {
    const { x, y } = middleOf(node)
    const ahead = (x - start.x) * wayX + (y - start.y) * wayY
    const aside = Math.abs((x - start.x) * wayY) + Math.abs((y - start.y) * wayX)
    const away = ahead + aside * 2
    if (ahead > 4 && away < least) {
      least = away
      nearest = node
    }
  }
  return nearest
}
