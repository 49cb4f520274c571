// Draws charts with uPlot. A module of its own, loaded with the first chart.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { clockTime } from '../lib/format.ts'
import { timeZone } from '../lib/preferences.ts'
import type { ChartProps, Plot } from './chart.tsx'

/** Draws a chart into a place that has its height, and again when the place or the theme changes. */
export function openPlot(place: HTMLElement, chart: ChartProps): Plot {
  let shown = chart
  let plot = draw(place, chart)
  const again = (): void => {
    plot.destroy()
    plot = draw(place, shown)
  }
  const sizes = new ResizeObserver(() => {
    plot.setSize({ width: place.clientWidth, height: place.clientHeight })
  })
  sizes.observe(place)
  const themes = matchMedia('(prefers-color-scheme: dark)')
  themes.addEventListener('change', again)
  const choice = new MutationObserver(again)
  choice.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  // Called at once as well, when the scales are not there yet: only labels are made anew.
  const unfollowZone = timeZone.subscribe(() => plot.redraw(false, true))
  return {
    show(next) {
      const isSame = next.series.length === shown.series.length
      shown = next
      if (isSame) plot.setData(dataOf(next))
      else again()
    },
    close() {
      sizes.disconnect()
      themes.removeEventListener('change', again)
      choice.disconnect()
      unfollowZone()
      plot.destroy()
    },
  }
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [times.map((time) => time / 1000), ...series.map(({ values }) => [...values])]
}

function draw(place: HTMLElement, chart: ChartProps): uPlot {
  const color = (token: string): string => resolved(place, token)
  const { format } = chart
  const axis = {
    stroke: color('--soft'),
    font: `12px ${getComputedStyle(place).fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  }
  const options: uPlot.Options = {
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.1] } },
    axes: [
      { ...axis, grid: { show: false }, values: clockLabels, incrs: seconds, space: 80, size: 24 },
      {
        ...axis,
        values: (_, splits) => splits.map(format),
        size: widthOf(format),
        space: 36,
      },
    ],
    series: [
      {},
      ...chart.series.map(({ label, hue, isDashed }) => ({
        label,
        stroke: color(`--series-${hue}`),
        width: 1.5,
        ...(isDashed === true ? { dash: [5, 4] } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
  }
  return new uPlot(options, dataOf(chart), place)
}

/** Between two labels of the time: nobody reads parts of a second. */
const seconds = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]

/** Labels of the axis stand in a column that never changes its width. */
function widthOf(format: (value: number) => string): number {
  return Math.max(44, format(12_345).length * 8 + 8)
}

/** All with seconds, or none: they stand beside each other. */
function clockLabels(_: uPlot, splits: number[]): string[] {
  const hasSeconds = splits.some((seconds) => seconds % 60 !== 0)
  return splits.map((seconds) =>
    clockTime(seconds * 1000, timeZone.value).slice(0, hasSeconds ? 8 : 5),
  )
}

/** A canvas knows no custom properties, and no `light-dark()`. */
function resolved(place: HTMLElement, token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
