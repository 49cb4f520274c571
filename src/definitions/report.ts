// What an import has done, or would do, in RabbitMQ's style of JSON.
import { definitionsLimits } from '../limits/definitions.ts'
import type { Difference } from './differences.ts'
import type { Outcome, PlannedItem } from './plan.ts'

type Counts = Readonly<Record<Outcome, number>>

export interface ReportRow {
  readonly kind: string
  /** Left out for what is in none. */
  readonly vhost?: string
  readonly name: string
  readonly outcome: Outcome
  readonly note?: string
  /** Of what is changed. */
  readonly differences?: readonly Difference[]
}

export interface DefinitionsReport {
  /** Nothing was changed, and `add` and `change` say what would be. */
  readonly check: boolean
  /** By kind, in the order in which they are made. */
  readonly counts: Readonly<Record<string, Counts>>
  /** What has a note; of a check all that would be done, too. */
  readonly rows: readonly ReportRow[]
  /** Rows that are not told, because there are too many. */
  readonly left_out: number
}

/** How much a person wants to know of it. */
const urgency: Readonly<Record<Outcome, number>> = {
  ignored: 0,
  differs: 1,
  change: 2,
  add: 3,
  same: 4,
}

export function reportOf(items: readonly PlannedItem[], isCheck: boolean): DefinitionsReport {
  const counts: Record<string, Record<Outcome, number>> = {}
  const told: PlannedItem[] = []
  for (const item of items) {
    const ofKind = (counts[item.kind] ??= { add: 0, change: 0, same: 0, differs: 0, ignored: 0 })
    ofKind[item.outcome] += 1
    const isDone = item.outcome === 'add' || item.outcome === 'change'
    if (item.note !== undefined || (isCheck && isDone)) told.push(item)
  }
  const { reportRowsMax } = definitionsLimits
  const rows = told
    .toSorted((a, b) => urgency[a.outcome] - urgency[b.outcome])
    .slice(0, reportRowsMax)
    .map(rowOf)
  return { check: isCheck, counts, rows, left_out: told.length - rows.length }
}

function rowOf({ kind, vhost, name, outcome, note, differences }: PlannedItem): ReportRow {
  return {
    kind,
    ...(vhost !== undefined && { vhost }),
    name,
    outcome,
    ...(note !== undefined && { note }),
    ...(differences !== undefined && { differences: differences.map(textsOf) }),
  }
}

/** A change of the largest value is no larger than the value: what is longer is cut. */
function textsOf({ field, from, to }: Difference): Difference {
  return { field, ...textOf('from', from), ...textOf('to', to) }
}

function textOf<K extends string>(key: K, value: unknown): Partial<Record<K, unknown>> {
  if (value === undefined) return {}
  const text = JSON.stringify(value)
  const isLong = text.length > definitionsLimits.shownValueMax
  const shown = isLong ? `${text.slice(0, definitionsLimits.shownValueMax)}…` : value
  return { [key]: shown } as Record<K, unknown>
}
