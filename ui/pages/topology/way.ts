// The line of an edge, and where words about it may stand.
import { laneId, type Layout, nodeSize, type Placed } from './layout.ts'

const { width, height } = nodeSize

/** Where words stand: the line they are on, and which part of them is there. */
export interface Spot {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
}

export interface Way {
  readonly d: string
  /** At the ends. */
  readonly from: Spot
  readonly to: Spot
  /** How wide it is between the columns where it begins. */
  readonly gap: number
  /** Spots on the line for words that are so wide, those in the middle first. */
  along(wordsWidth: number): Spot[]
}

interface Point {
  readonly x: number
  readonly y: number
}

/** From the middle to the ends. */
const parts = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8] as const
/** Between words and a node. */
const margin = 8

/** From side to side, through lanes; within a column round the outside. */
export function wayOf(
  id: string,
  [from, to]: readonly [Placed, Placed],
  all: Layout['lanes'],
): Way {
  if (from.x === to.x) return roundWay(from, to)
  const lanes = lanesOf(id, [from, to], all)
  const isForth = to.x > from.x
  // What comes back stands a little lower, so that it does not lie on what goes forth.
  const shift = isForth ? 0 : 9
  const [y1, y2] = [from.y + height / 2 + shift, to.y + height / 2 + shift]
  const start = { x: isForth ? from.x + width : from.x, y: y1 }
  const end = { x: isForth ? to.x - 7 : to.x + width + 7, y: y2 }
  let at: Point = start
  let d = `M${at.x} ${at.y}`
  for (const lane of lanes) {
    const y = lane.y + 3
    d += `${curve(at, { x: lane.x, y })}H${lane.x + width}`
    at = { x: lane.x + width, y }
  }
  d += curve(at, end)
  const [first] = lanes
  const next = first === undefined ? end : { x: first.x, y: first.y + 3 }
  const [before, after] = isForth ? (['start', 'end'] as const) : (['end', 'start'] as const)
  return {
    d,
    from: {
      x: start.x + (isForth ? 12 : -12),
      y: beside(y1, first?.y ?? end.y),
      anchor: before,
    },
    to: { x: end.x + (isForth ? -1 : 1), y: beside(y2, lanes.at(-1)?.y ?? start.y), anchor: after },
    gap: Math.abs(next.x - start.x),
    along: (wordsWidth) => parts.map((part) => spotAt(start, next, { part, wordsWidth })),
  }
}

/** Words stand on the side that the line does not come from. */
function beside(own: number, other: number): number {
  return own + (other < own - 6 ? 14 : -4)
}

function roundWay(from: Placed, to: Placed): Way {
  const [y1, y2] = [from.y + height / 2, to.y + height / 2]
  const x = from.x + width
  const out = x + 28 + Math.min(72, Math.abs(y2 - y1) / 6)
  const words = { x: x + 14, anchor: 'start' } as const
  return {
    d: `M${x} ${y1 + 8}C${out} ${y1 + 8} ${out} ${y2 - 8} ${x + 7} ${y2 - 8}`,
    from: { ...words, y: y1 + 18 },
    to: { ...words, y: y2 - 12 },
    gap: Infinity,
    along: () => [{ ...words, x: (x + 3 * out) / 4 + 4, y: (y1 + y2) / 2 + 4 }],
  }
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

function curve(from: Point, to: Point): string {
  const middle = (from.x + to.x) / 2
  return `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`
}

/** On the curve, moved so that words do not reach into the nodes on both sides. */
function spotAt(
  from: Point,
  to: Point,
  { part, wordsWidth }: { readonly part: number; readonly wordsWidth: number },
): Spot {
  const rest = 1 - part
  const middle = 3 * part * rest * ((from.x + to.x) / 2)
  const x = rest ** 3 * from.x + middle + part ** 3 * to.x
  const y = from.y + (to.y - from.y) * part ** 2 * (3 - 2 * part)
  const half = wordsWidth / 2 + margin
  const [left, right] = [Math.min(from.x, to.x) + half, Math.max(from.x, to.x) - half]
  const inside = left > right ? (left + right) / 2 : Math.min(right, Math.max(left, x))
  return { x: inside, y: y + 4, anchor: 'middle' }
}
