// Where the words on edges stand, so that none stands on others or behind a node. Those that find no room are left out:
// whoever looks at their edge, or at a node of it, sees them.
import { nodeSize, type Placed } from './layout.ts'
import type { Spot, Way } from './way.ts'
import { cut } from './words.ts'

export interface EdgeWords {
  readonly key: string
  readonly text: string
  readonly way: Way
  /** At which end they stand if they can: where fewer edges meet. */
  readonly end: 'from' | 'to'
  /** They stand there though nobody looks. */
  readonly isTold: boolean
  /** Somebody looks at their edge: they stand a little off where they find no room. */
  readonly isLooked: boolean
}

export interface PlacedWords extends Spot {
  readonly key: string
  /** Cut where they have no room. */
  readonly text: string
}

/** A node, with how many letters stand to the right of it. */
export interface Standing extends Placed {
  readonly lettersBeside?: number
}

/** Of a letter of the monospaced font at the size of words. */
const letterWidth = 7.23
/** Above and below the line that letters stand on. */
const [ascent, descent] = [10, 4]
const lineHeight = 14
/** Letters where there is nothing beside them. */
const lettersMax = 22
/** What stands beside a node begins so far from it. */
export const besideNode = 14
/** Fewer say nothing. */
const lettersMin = 8
const stepsOffMax = 12

/** What stands anyway does not move when somebody looks at it; what is looked at besides takes the place of others. */
export function placeWords(all: readonly EdgeWords[], places: readonly Standing[]): PlacedWords[] {
  const order = all.toSorted((a, b) => a.way[a.end].y - b.way[b.end].y)
  const quiet = order.filter(({ isTold }) => isTold)
  const standing = placeAll(quiet, new Taken(places), 0)
  const looked = new Set(order.flatMap(({ key, isLooked }) => (isLooked ? [key] : [])))
  const kept = standing.filter(({ key }) => looked.has(key))
  const known = new Set(kept.map(({ key }) => key))
  const coming = order.filter(({ key }) => looked.has(key) && !known.has(key))
  if (coming.length === 0) return standing
  const come = placeAll(coming, new Taken(places, kept), stepsOffMax)
  const taken = new Taken([], come)
  const others = standing.filter((words) => !looked.has(words.key) && !taken.has(boxOf(words)))
  return [...kept, ...others, ...come]
}

function placeAll(all: readonly EdgeWords[], taken: Taken, stepsOff: number): PlacedWords[] {
  return all.flatMap((words) => {
    for (const placed of candidates(words, stepsOff)) {
      const box = boxOf(placed)
      if (taken.has(box)) continue
      taken.add(box)
      return [placed]
    }
    return []
  })
}

/** The best first; the last ones stand up to so many lines off. */
function* candidates({ key, text, way, end }: EdgeWords, stepsOff: number): Generator<PlacedWords> {
  const other = end === 'from' ? 'to' : 'from'
  const room = Math.max(lettersMin, Math.floor((way.gap - 20) / letterWidth))
  const texts = new Set([cut(text, lettersMax), cut(text, Math.min(lettersMax, room))])
  for (const shown of texts) yield { ...way[end], key, text: shown }
  for (const shown of texts) {
    for (const spot of way.along(shown.length * letterWidth)) yield { ...spot, key, text: shown }
    yield { ...way[other], key, text: shown }
  }
  const [shortest = ''] = [...texts].toReversed()
  for (let step = 1; step <= stepsOff; step++) {
    for (const sign of [1, -1]) {
      const spot = way[end]
      yield { ...spot, y: spot.y + sign * step * lineHeight, key, text: shortest }
    }
  }
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

function boxOf({ x, y, anchor, text }: PlacedWords): Box {
  const width = text.length * letterWidth
  const left = { start: x, middle: x - width / 2, end: x - width }[anchor]
  return { left, right: left + width, top: y - ascent, bottom: y + descent }
}

const rowHeight = 32

/** What stands somewhere, by rows of the picture. */
class Taken {
  readonly #rows = new Map<number, Box[]>()

  constructor(nodes: readonly Standing[], words: readonly PlacedWords[] = []) {
    for (const { x, y, lettersBeside = 0 } of nodes) {
      const right = x + nodeSize.width
      this.add({ left: x, right, top: y, bottom: y + nodeSize.height })
      if (lettersBeside === 0) continue
      const middle = y + nodeSize.height / 2
      const end = right + besideNode + lettersBeside * letterWidth
      this.add({ left: right, right: end, top: middle - 6, bottom: middle + 8 })
    }
    for (const each of words) this.add(boxOf(each))
  }

  add(box: Box): void {
    for (const row of rowsOf(box)) {
      const there = this.#rows.get(row)
      if (there === undefined) this.#rows.set(row, [box])
      else there.push(box)
    }
  }

  has(box: Box): boolean {
    return rowsOf(box).some((row) => this.#rows.get(row)?.some((other) => isOn(box, other)))
  }
}

function rowsOf({ top, bottom }: Box): number[] {
  const [first, last] = [Math.floor(top / rowHeight), Math.floor(bottom / rowHeight)]
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function isOn(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
