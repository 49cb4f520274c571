// What edges look like: lines first, then the words on them, so that no line goes through words.
import type { JSX } from 'preact'
import type { DrawnEdge } from './fold.ts'
import { type EdgeWords, placeWords, type Standing } from './place-words.ts'
import type { Way } from './way.ts'
import { edgeText, fullEdgeText } from './words.ts'

export interface EdgeProps {
  readonly drawn: DrawnEdge
  /** Of its own, among all that are drawn. */
  readonly id: string
  readonly way: Way
  readonly isDim: boolean
  readonly isLit: boolean
  /** Its words stand beside it if there is room. */
  readonly isTold: boolean
  /** Somebody looks at it, or at one of its nodes. */
  readonly isLooked: boolean
  /** Where its words stand if they can. */
  readonly end: EdgeWords['end']
}

export interface EdgesProps {
  readonly lines: readonly EdgeProps[]
  readonly nodes: readonly Standing[]
}

export function Edges({ lines, nodes }: EdgesProps): JSX.Element {
  const byId = new Map(lines.map((line) => [line.id, line]))
  const told = lines.flatMap(({ drawn, ...line }): EdgeWords[] => {
    const text = drawn.edge === undefined ? '' : edgeText(drawn.edge)
    return text !== '' && (line.isTold || line.isLooked) ? [{ ...line, key: line.id, text }] : []
  })
  return (
    <>
      {lines.map((line) => (
        <EdgeLine key={line.id} {...line} />
      ))}
      {placeWords(told, nodes).map(({ key, text, x, y, anchor }) => {
        const line = byId.get(key)!
        return (
          <text
            key={key}
            class={edgeClass('edge-text', line)}
            x={x}
            y={y}
            text-anchor={anchor}
            data-edge={key}
          >
            {text}
            <EdgeTitle drawn={line.drawn} />
          </text>
        )
      })}
    </>
  )
}

/** Around the line is some more that a pointer finds. */
function EdgeLine(line: EdgeProps): JSX.Element {
  const { drawn, id, way, isLit } = line
  const plain = drawn.kind === 'dead_letter' ? 'dead' : 'plain'
  return (
    <g data-edge={id}>
      <EdgeTitle drawn={drawn} />
      <path class="edge-around" d={way.d} />
      <path
        class={edgeClass('edge-line', line)}
        d={way.d}
        marker-end={`url(#arrow-${isLit ? 'lit' : plain})`}
        style={{ strokeWidth: widthOf(drawn.edge?.rate) }}
      />
    </g>
  )
}

function EdgeTitle({ drawn }: Pick<EdgeProps, 'drawn'>): JSX.Element | null {
  const text = drawn.edge === undefined ? '' : fullEdgeText(drawn.edge)
  return text === '' ? null : <title>{text}</title>
}

function edgeClass(
  base: string,
  { drawn, isDim, isLit }: Pick<EdgeProps, 'drawn' | 'isDim' | 'isLit'>,
): string {
  const classes = [base, `edge-${drawn.kind}`, isDim && 'edge-dim', isLit && 'edge-lit']
  return classes.filter((each) => each !== false).join(' ')
}

function widthOf(rate: number | null | undefined): string {
  const grown = rate === null || rate === undefined ? 0 : Math.log10(rate + 1)
  return `${1.25 + Math.min(3, grown)}px`
}
