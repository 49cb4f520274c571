// What nodes and edges look like: each kind has its own shape, and what is wrong a mark and words.
import type { JSX } from 'preact'
import type { TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import { count } from '../../lib/format.ts'
import type { DrawnEdge, DrawnNode, FoldedNode } from './fold.ts'
import { laneId, type Layout, nodeSize, type Placed } from './layout.ts'
import {
  edgeText,
  foldedNote,
  foldedText,
  nodeName,
  secondLine,
  spoken,
  worstNote,
} from './words.ts'

const { width, height } = nodeSize
/** Of the monospaced font, so that names are cut where their node ends. */
const lettersMax = 26
const labelLettersMax = 22

export interface NodeShapeProps {
  readonly node: DrawnNode
  readonly place: Placed
  readonly isSelected: boolean
  readonly isDim: boolean
  readonly isLit: boolean
  /** The one that Tab leads to; arrows lead to the others. */
  readonly isCurrent: boolean
  readonly onOpen: (id: string) => void
}

export function NodeShape(props: NodeShapeProps): JSX.Element {
  const { node, place, isSelected, isDim, isLit, isCurrent, onOpen } = props
  const classes = [
    'node',
    `node-${node.kind}`,
    isSelected && 'node-selected',
    isDim && 'node-dim',
    isLit && 'node-lit',
  ]
  const isFolded = node.kind === 'folded'
  return (
    <g
      class={classes.filter((each) => each !== false).join(' ')}
      transform={`translate(${place.x} ${place.y})`}
      role="button"
      tabindex={isCurrent ? 0 : -1}
      data-node={node.id}
      aria-pressed={isFolded ? undefined : isSelected}
      onClick={() => onOpen(node.id)}
    >
      <title>{isFolded ? `${foldedText(node)}, show them` : spoken(node)}</title>
      {isFolded ? <Folded node={node} /> : <Single node={node} />}
    </g>
  )
}

function Folded({ node }: { readonly node: FoldedNode }): JSX.Element {
  const note = foldedNote(node)
  return (
    <>
      <rect class="node-shape" x="8" width={width - 16} height={height} rx="6" />
      <text class="node-more" x={width / 2} y={height / 2 + 4}>
        {foldedText(node)}
      </text>
      {note !== undefined && <Mark tone={note.tone} />}
    </>
  )
}

function Single({ node }: { readonly node: TopologyNodeJson }): JSX.Element {
  const note = worstNote(node)
  const name = nodeName(node)
  const start = node.kind === 'exchange' ? 20 : 14
  return (
    <>
      <Shape node={node} />
      <text class="node-name" x={start} y="18">
        {cut(name, note === undefined ? lettersMax : lettersMax - 2)}
      </text>
      <text class={`node-line node-line-${note?.tone ?? 'plain'}`} x={start} y="34">
        {cut(secondLine(node), 34)}
      </text>
      {note !== undefined && <Mark tone={note.tone} />}
      {node.hidden > 0 && (
        <text class="node-hidden" x={width + 6} y={height / 2 + 4}>
          +{count(node.hidden)}
        </text>
      )}
    </>
  )
}

/** Exchanges have points, queues corners, topics pages behind them, readers round ends. */
function Shape({ node }: { readonly node: TopologyNodeJson }): JSX.Element {
  const point = 10
  const isMissing = node.flags.includes('missing')
  switch (node.kind) {
    case 'exchange':
      return (
        <path
          class={isMissing ? 'node-shape node-missing' : 'node-shape'}
          d={`M${point} 0H${width - point}L${width} ${height / 2}L${width - point} ${height}H${point}L0 ${height / 2}Z`}
        />
      )
    case 'topic':
      return (
        <>
          <rect class="node-shape" x="4" y="-4" width={width - 4} height={height - 2} rx="4" />
          <rect class="node-shape" y="0" width={width - 4} height={height} rx="4" />
        </>
      )
    case 'queue':
      return <rect class="node-shape" width={width} height={height} rx="4" />
    case 'group':
      return (
        <>
          <rect class="node-shape" width={width} height={height} rx={height / 2} />
          <rect
            class="node-inner"
            x="3"
            y="3"
            width={width - 6}
            height={height - 6}
            rx={height / 2 - 3}
          />
        </>
      )
    default:
      return <rect class="node-shape" width={width} height={height} rx={height / 2} />
  }
}

/** A triangle for what is worth a look, an octagon for what is lost. */
function Mark({ tone }: { readonly tone: 'plain' | 'look' | 'bad' }): JSX.Element {
  const d = tone === 'bad' ? 'M5 0H11L16 5V11L11 16H5L0 11V5Z' : 'M8 0.5L16 15.5H0Z'
  return (
    <g class={`node-mark node-mark-${tone}`} transform={`translate(${width - 32} 6)`}>
      <path d={d} />
      <path class="node-mark-sign" d="M8 4.5V9.5M8 12V13" />
    </g>
  )
}

export interface EdgeProps {
  readonly drawn: DrawnEdge
  readonly from: Placed
  readonly to: Placed
  readonly lanes: Layout['lanes']
  readonly isDim: boolean
  readonly isLit: boolean
}

export function EdgeLine({ drawn, from, to, lanes, isDim, isLit }: EdgeProps): JSX.Element {
  const { edge, kind } = drawn
  const way = wayOf(from, to, lanesOf(drawn.from, [from, to], lanes))
  const plain = kind === 'dead_letter' ? 'dead' : 'plain'
  return (
    <path
      class={edgeClass('edge-line', { drawn, isDim, isLit })}
      d={way.d}
      marker-end={`url(#arrow-${isLit ? 'lit' : plain})`}
      style={{ strokeWidth: widthOf(edge?.rate) }}
    />
  )
}

export interface EdgeWordsProps extends EdgeProps {
  /** At which end they stand: where fewer edges meet. */
  readonly end: 'from' | 'to'
}

/** What stands on an edge; drawn when all lines are, so that none goes through words. */
export function EdgeWords(props: EdgeWordsProps): JSX.Element | null {
  const { drawn, from, to, lanes, isDim, isLit, end } = props
  const text = drawn.edge === undefined ? '' : edgeText(drawn.edge)
  if (text === '') return null
  const { x, y, anchor } = wayOf(from, to, lanesOf(drawn.from, [from, to], lanes))[end]
  return (
    <text class={edgeClass('edge-text', { drawn, isDim, isLit })} x={x} y={y} text-anchor={anchor}>
      {cut(text, labelLettersMax)}
      {text.length > labelLettersMax && <title>{text}</title>}
    </text>
  )
}

function edgeClass(
  base: string,
  { drawn, isDim, isLit }: Pick<EdgeProps, 'drawn' | 'isDim' | 'isLit'>,
): string {
  const classes = [base, `edge-${drawn.kind}`, isDim && 'edge-dim', isLit && 'edge-lit']
  return classes.filter((each) => each !== false).join(' ')
}

/** The lanes that an edge goes through between its ends. */
function lanesOf(
  id: string,
  [from, to]: readonly [Placed, Placed],
  lanes: Layout['lanes'],
): Placed[] {
  const found: Placed[] = []
  for (let column = from.column + 1; column < to.column; column++) {
    const lane = lanes.get(laneId(id, column))
    if (lane !== undefined) found.push(lane)
  }
  return found
}

function widthOf(rate: number | null | undefined): string {
  const grown = rate === null || rate === undefined ? 0 : Math.log10(rate + 1)
  return `${1.25 + Math.min(3, grown)}px`
}

interface End {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'end'
}

interface Way {
  readonly d: string
  readonly from: End
  readonly to: End
}

/** From side to side, through lanes; within a column round the outside. */
function wayOf(from: Placed, to: Placed, lanes: readonly Placed[]): Way {
  const [y1, y2] = [from.y + height / 2, to.y + height / 2]
  if (from.x === to.x) {
    const x = from.x + width
    const out = x + 28 + Math.min(72, Math.abs(y2 - y1) / 6)
    const d = `M${x} ${y1 + 8}C${out} ${y1 + 8} ${out} ${y2 - 8} ${x + 7} ${y2 - 8}`
    const words = { x: x + 14, anchor: 'start' } as const
    return { d, from: { ...words, y: y1 + 18 }, to: { ...words, y: y2 - 12 } }
  }
  const isForth = to.x > from.x
  // What comes back stands a little lower, so that it does not lie on what goes forth.
  const shift = isForth ? 0 : 9
  const x1 = isForth ? from.x + width : from.x
  const x2 = isForth ? to.x - 7 : to.x + width + 7
  let at = { x: x1, y: y1 + shift }
  let d = `M${at.x} ${at.y}`
  for (const lane of lanes) {
    const y = lane.y + 3
    d += `${curve(at, { x: lane.x, y })}H${lane.x + width}`
    at = { x: lane.x + width, y }
  }
  d += curve(at, { x: x2, y: y2 + shift })
  // Words stand on the side that the line does not come from.
  const beside = (own: number, other: number): number => own + (other < own - 6 ? 14 : -4)
  const last = lanes.at(-1)?.y ?? y1
  const next = lanes[0]?.y ?? y2
  return {
    d,
    from: {
      x: x1 + (isForth ? 12 : -12),
      y: beside(y1 + shift, next),
      anchor: isForth ? 'start' : 'end',
    },
    to: {
      x: x2 + (isForth ? -8 : 8),
      y: beside(y2 + shift, last),
      anchor: isForth ? 'end' : 'start',
    },
  }
}

interface Point {
  readonly x: number
  readonly y: number
}

function curve(from: Point, to: Point): string {
  const middle = (from.x + to.x) / 2
  return `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`
}

function cut(text: string, lettersMost: number): string {
  const letters = Array.from(text)
  return letters.length <= lettersMost ? text : `${letters.slice(0, lettersMost - 1).join('')}…`
}
