// What differs between two texts, line by line (Myers' algorithm). What would take long is told as two blocks.

export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new'
  readonly text: string
}

/** More differences than these are not searched for the shortest way. */
const distanceMax = 600

export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++
  }
  const gone = before.slice(head, before.length - tail)
  const added = after.slice(head, after.length - tail)
  return [
    ...before.slice(0, head).map(same),
    ...(shortest(gone, added) ?? [...gone.map(goneLine), ...added.map(newLine)]),
    ...before.slice(before.length - tail).map(same),
  ]
}

const same = (text: string): DiffLine => ({ kind: 'same', text })
const goneLine = (text: string): DiffLine => ({ kind: 'gone', text })
const newLine = (text: string): DiffLine => ({ kind: 'new', text })

/** Undefined when they are too different. */
function shortest(before: readonly string[], after: readonly string[]): DiffLine[] | undefined {
  const max = Math.min(before.length + after.length, distanceMax)
  const middle = max + 1
  const furthest = new Int32Array(2 * max + 3)
  const trace: Int32Array[] = []
  for (let distance = 0; distance <= max; distance++) {
    trace.push(furthest.slice())
    for (let k = -distance; k <= distance; k += 2) {
      const isDown =
        k === -distance || (k !== distance && furthest[middle + k - 1]! < furthest[middle + k + 1]!)
      let x = isDown ? furthest[middle + k + 1]! : furthest[middle + k - 1]! + 1
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++
      furthest[middle + k] = x
      if (x >= before.length && x - k >= after.length) return wayBack(before, after, trace, middle)
    }
  }
  return undefined
}

function wayBack(
  before: readonly string[],
  after: readonly string[],
  trace: readonly Int32Array[],
  middle: number,
): DiffLine[] {
  const lines: DiffLine[] = []
  let x = before.length
  let y = after.length
  for (let distance = trace.length - 1; distance >= 0; distance--) {
    const furthest = trace[distance]!
    const k = x - y
    const isDown =
      k === -distance || (k !== distance && furthest[middle + k - 1]! < furthest[middle + k + 1]!)
    const lastK = isDown ? k + 1 : k - 1
    const lastX = furthest[middle + lastK]!
    const lastY = lastX - lastK
    while (x > Math.max(lastX, 0) && y > Math.max(lastY, 0)) {
      lines.push(same(before[x - 1]!))
      x--
      y--
    }
    if (distance === 0) break
    if (isDown) lines.push(newLine(after[--y]!))
    else lines.push(goneLine(before[--x]!))
  }
  return lines.toReversed()
}

export interface DiffFold {
  readonly kind: 'fold'
  readonly count: number
}

/** Leaves out long stretches that are the same, but for some lines around what differs. */
export function foldSame(lines: readonly DiffLine[], around = 3): (DiffLine | DiffFold)[] {
  const folded: (DiffLine | DiffFold)[] = []
  for (let at = 0; at < lines.length;) {
    let end = at
    while (end < lines.length && lines[end]!.kind === 'same') end++
    const before = at === 0 ? 0 : around
    const after = end === lines.length ? 0 : around
    if (end - at > before + after + 1) {
      folded.push(...lines.slice(at, at + before))
      folded.push({ kind: 'fold', count: end - at - before - after })
      folded.push(...lines.slice(end - after, end))
    } else folded.push(...lines.slice(at, end))
    at = end
    while (at < lines.length && lines[at]!.kind !== 'same') folded.push(lines[at++]!)
  }
  return folded
}
