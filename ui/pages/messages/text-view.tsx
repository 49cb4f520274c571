// A payload as text: long lines go on in the next, and only what is in sight exists.
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { Marked } from './tree-view.tsx'
import { VirtualLines } from './virtual-lines.tsx'

export interface TextViewProps {
  readonly text: string
  readonly sought: string
  readonly soughtTurn: number
  readonly onFound: (count: number) => void
}

interface Line {
  readonly from: number
  readonly to: number
  /** Undefined where a line goes on. */
  readonly number: number | undefined
}

const foundMax = 5000

export function TextView({ text, sought, soughtTurn, onFound }: TextViewProps): JSX.Element {
  const [columns, setColumns] = useState(80)
  const [turn, setTurn] = useState('')
  const lines = useMemo(() => linesIn(text, columns - 7), [text, columns])
  const found = useMemo(() => placesOf(text, sought), [text, sought])
  const nowTurn = `${sought} ${soughtTurn}`
  if (turn !== nowTurn) {
    setTurn(nowTurn)
    onFound(found.length)
  }
  const place = found[soughtTurn % Math.max(1, found.length)]
  const current = place === undefined ? undefined : lineAt(lines, place)
  return (
    <VirtualLines
      label="Payload as text"
      count={lines.length}
      shownLine={current}
      onColumns={setColumns}
      render={(index) => {
        const { from, to, number } = lines[index]!
        return (
          <div key={index} class={index === current ? 'line tree-current' : 'line'}>
            <span class="line-number">{number}</span>
            <Marked text={visible(text.slice(from, to))} sought={sought} />
          </div>
        )
      }}
    />
  )
}

function linesIn(text: string, columns: number): Line[] {
  const lines: Line[] = []
  let number = 1
  for (let from = 0; from <= text.length;) {
    const found = text.indexOf('\n', from)
    const end = found < 0 ? text.length : found
    for (let at = from; at === from || at < end; at += columns) {
      lines.push({
        from: at,
        to: Math.min(end, at + columns),
        number: at === from ? number : undefined,
      })
    }
    number++
    from = end + 1
  }
  return lines
}

function placesOf(text: string, sought: string): number[] {
  const places: number[] = []
  if (sought === '') return places
  const all = text.toLowerCase()
  const wanted = sought.toLowerCase()
  for (let at = all.indexOf(wanted); at >= 0 && places.length < foundMax;) {
    places.push(at)
    at = all.indexOf(wanted, at + wanted.length)
  }
  return places
}

function lineAt(lines: readonly Line[], place: number): number {
  let low = 0
  let high = lines.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (lines[middle]!.from <= place) low = middle
    else high = middle - 1
  }
  return low
}

/** Controls as their pictures. */
function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0)
    if (code === 9) return '    '
    return code < 32 ? String.fromCharCode(0x2400 + code) : '�'
  })
}
