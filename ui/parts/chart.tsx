// Lines over time. What draws them (uPlot) is loaded with the first chart of a page, into a place of its size.
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import './chart.css'

export interface Series {
  readonly label: string
  /** One for each moment; null where nothing is known. */
  readonly values: readonly (number | null)[]
  /** Of one hue each; in and out of the same thing are line and dashed line. */
  readonly hue: 1 | 2 | 3 | 4
  readonly isDashed?: boolean
}

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  readonly label: string
  /** Milliseconds since the Unix epoch. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  /** How a value reads: `12.4 k/s`. */
  readonly format: (value: number) => string
  readonly height?: number
}

/** What the drawing module does with a chart; see `plot.ts`. */
export interface Plot {
  show(chart: ChartProps): void
  close(): void
}

export function Chart(props: ChartProps): JSX.Element {
  const { label, series, format, height = 160 } = props
  const box = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  const plot = useRef<Plot>(undefined)
  latest.current = props
  useEffect(() => {
    let isGone = false
    void import('./plot.ts').then(({ openPlot }) => {
      if (isGone || box.current === null) return
      plot.current = openPlot(box.current, latest.current)
    })
    return () => {
      isGone = true
      plot.current?.close()
    }
  }, [])
  useEffect(() => plot.current?.show(props), [props.times, props.series])
  return (
    <figure class="chart">
      <figcaption class="chart-legend">
        <span class="unseen">{label}</span>
        {series.map(({ label: name, hue, isDashed, values }) => (
          <span key={name} class="chart-series">
            <svg viewBox="0 0 20 8" width="20" height="8" aria-hidden="true">
              <path
                d="M0 4H20"
                style={{ stroke: `var(--series-${hue})` }}
                stroke-dasharray={isDashed === true ? '4 3' : undefined}
              />
            </svg>
            {name} <b class="number">{lastOf(values, format)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={box} class="chart-box" style={{ height: `${height}px` }} />
    </figure>
  )
}

function lastOf(values: readonly (number | null)[], format: (value: number) => string): string {
  const last = values.findLast((value) => value !== null)
  return last === undefined || last === null ? '–' : format(last)
}
