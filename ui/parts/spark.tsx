// The last minutes of one number as a line without axes; the words beside it say the number.
import type { JSX } from 'preact'
import './spark.css'

export interface SparkProps {
  readonly values: readonly number[] | undefined
  /** What it shows, for those who do not see it. */
  readonly label: string
  readonly tone?: 'plain' | 'look'
}

const width = 80
const height = 20

export function Spark({ values, label, tone = 'plain' }: SparkProps): JSX.Element {
  return (
    <svg
      class={`spark spark-${tone}`}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      {values !== undefined && values.length > 1 && <path d={lineThrough(values)} />}
    </svg>
  )
}

/** From zero at the bottom to the largest value at the top. */
function lineThrough(values: readonly number[]): string {
  const most = Math.max(...values, 1e-9)
  const step = width / (values.length - 1)
  return values
    .map((value, index) => {
      const y = height - 1.5 - (value / most) * (height - 3)
      return `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
