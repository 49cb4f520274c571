// When something is due, from now: `in 4 min`; what is due already is about to leave.
import type { JSX } from 'preact'
import { ago, isoTime, moment } from '../../lib/format.ts'
import { now } from '../../lib/live.ts'
import { timeZone } from '../../lib/preferences.ts'

export function Due({
  at,
  isExact = true,
}: {
  readonly at: number | null
  /** It may be later. */
  readonly isExact?: boolean
}): JSX.Element {
  if (at === null) return <span class="number soft">–</span>
  const exact = moment(at, timeZone.value)
  const isNow = at - now.value < 1000
  return (
    <time class="number" dateTime={isoTime(at)} title={exact}>
      {isNow ? 'now' : ago(at, now.value)}
      {!isExact && !isNow ? ' or later' : ''}
    </time>
  )
}
