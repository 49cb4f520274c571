// What nodes look like: each kind has its own shape, and what is wrong a mark and words.
import type { JSX } from 'preact'
import type { TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import type { DrawnNode, FoldedNode } from './fold.ts'
import { nodeSize, type Placed } from './layout.ts'
import { besideNode } from './place-words.ts'
import {
  cut,
  foldedNote,
  foldedText,
  hiddenText,
  nodeName,
  secondLine,
  spoken,
  worstNote,
} from './words.ts'

const { width, height } = nodeSize
/** Of the monospaced font, so that names are cut where their node ends. */
const lettersMax = 26

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
        <text class="node-hidden" x={width + besideNode} y={height / 2 + 4}>
          {hiddenText(node)}
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
