// When messages are due: a bar for each stretch of time, from now on.
import type { JSX } from 'preact'
import type { DueJson } from '../../../src/admin/v1/schedule-of-all.ts'
import { count, counted, moment, short } from '../../lib/format.ts'
import { timeZone } from '../../lib/preferences.ts'
import {
  barsOf,
  type DueBar,
  type Kind,
  kinds,
  sumOf,
  type WindowName,
  windows,
} from './due-bars.ts'
import './due-chart.css'

/** Of the drawing; it is stretched to the page's width. */
const size = { width: 600, height: 120 }

const words: Readonly<Record<Kind, string>> = {
  delayed: 'delayed',
  expiring: 'expire in their queue',
  retried: 'are tried again',
}

export function DueChart({
  due,
  window,
}: {
  readonly due: DueJson
  readonly window: WindowName
}): JSX.Element {
  const { bars, max } = barsOf(due)
  const width = size.width / bars.length
  return (
    <figure class="due" aria-label={describe(due, window)}>
      <figcaption class="due-legend">
        {kinds
          .filter((kind) => sumOf(due, kind) > 0)
          .map((kind) => (
            <span key={kind} class="due-key">
              <svg width="10" height="10" aria-hidden="true">
                <rect width="10" height="10" class={`due-${kind}`} />
              </svg>
              <span class="number">{count(sumOf(due, kind))}</span> {words[kind]}
            </span>
          ))}
        <Beyond due={due} window={window} />
      </figcaption>
      <div class="due-plot">
        <span class="due-max number" aria-hidden="true">
          {short(max)}
        </span>
        <svg
          viewBox={`0 0 ${size.width} ${size.height}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <line x1="0" x2={size.width} y1="0.5" y2="0.5" class="due-line" />
          {bars.map((bar) => (
            <Bar key={bar.from} bar={bar} width={width} />
          ))}
          <line x1="0" x2={size.width} y1={size.height} y2={size.height} class="due-base" />
        </svg>
        <Marks bars={bars} window={window} />
      </div>
    </figure>
  )
}

function Bar({ bar, width }: { readonly bar: DueBar; readonly width: number }): JSX.Element {
  const x = bar.index * width
  return (
    <g>
      {bar.parts.map(({ kind, from, share }) => {
        // What is there is seen, however little it is.
        const height = Math.max(share * size.height, 2)
        const y = size.height - from * size.height - height
        return (
          <rect key={kind} class={`due-${kind}`} x={x} y={y} width={width * 0.82} height={height} />
        )
      })}
      <rect class="due-touch" x={x} y="0" width={width} height={size.height}>
        <title>{tip(bar)}</title>
      </rect>
    </g>
  )
}

function tip({ from, to, counts, total }: DueBar): string {
  const zone = timeZone.value
  const when = `${moment(from, zone).slice(5, 19)} – ${moment(to, zone).slice(11, 19)}`
  if (total === 0) return `${when}: nothing`
  const parts = kinds.filter((kind) => counts[kind] > 0)
  return `${when}: ${parts.map((kind) => `${count(counts[kind])} ${words[kind]}`).join(', ')}`
}

/** Times under the bars. */
function Marks({
  bars,
  window,
}: {
  readonly bars: readonly DueBar[]
  readonly window: WindowName
}): JSX.Element {
  const { marks, bins } = windows[window]
  const step = bins / marks
  const shown = bars.filter(({ index }) => index % step === 0)
  return (
    <div class="due-marks" aria-hidden="true">
      {shown.map(({ from, index }) => (
        <span key={from} class="number" style={{ left: `${(index / bars.length) * 100}%` }}>
          {markText(from, window)}
        </span>
      ))}
    </div>
  )
}

function markText(at: number, window: WindowName): string {
  const text = moment(at, timeZone.value)
  return window === 'hour' || window === 'day' ? text.slice(11, 16) : text.slice(5, 10)
}

function Beyond({
  due,
  window,
}: {
  readonly due: DueJson
  readonly window: WindowName
}): JSX.Element {
  const { later, unknown, overdue, is_exact: isExact } = due
  const parts: string[] = []
  if (overdue > 0) parts.push(`${count(overdue)} due now`)
  if (later > 0) parts.push(`${count(later)} after this ${windows[window].label}`)
  if (kinds.every((kind) => sumOf(due, kind) === 0)) {
    parts.push(`nothing is due in the next ${windows[window].label}`)
  }
  if (unknown > 0) parts.push(`${count(unknown)} not looked at since the start`)
  return (
    <span class="soft">
      {parts.join(' · ')}
      {!isExact && (
        <span title="There are too many to look at each: they are spread evenly over the time in which they are due">
          {parts.length > 0 ? ' · ' : ''}approximate
        </span>
      )}
    </span>
  )
}

function describe(due: DueJson, window: WindowName): string {
  const parts = kinds.map((kind) => `${counted(sumOf(due, kind), 'message')} ${words[kind]}`)
  return `In the next ${windows[window].label}: ${parts.join(', ')}`
}
