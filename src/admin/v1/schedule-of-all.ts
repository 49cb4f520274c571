// What is due in one cell, and in all cells of a cluster.
import { isObject } from '../../lib/is-object.ts'
import type { JsonPart, MergeAsked } from '../cluster/gather-json.ts'

export interface DueJson {
  readonly from: number
  readonly bin_ms: number
  readonly bins: readonly {
    readonly from: number
    readonly delayed: number
    readonly expiring: number
    readonly retried: number
  }[]
  readonly overdue: number
  readonly later: number
  readonly unknown: number
  readonly is_exact: boolean
}

export interface NextDueJson {
  readonly messages: readonly Readonly<Record<string, unknown>>[]
  readonly is_exact: boolean
}

/** In the bins of the first: those of another may be one further, as time goes on. */
export function mergeDue(parts: readonly JsonPart[]): DueJson {
  const all = parts.map(({ json }) => json as unknown as DueJson)
  const [first = nothingDue, ...others] = all
  const bins = new Map(first.bins.map((bin) => [bin.from, { ...bin }]))
  let { overdue, later, unknown } = first
  for (const other of others) {
    overdue += other.overdue
    later += other.later
    unknown += other.unknown
    for (const { from, delayed, expiring, retried } of other.bins) {
      const bin = bins.get(from)
      const all = delayed + expiring + retried
      if (bin === undefined && from < first.from) overdue += all
      else if (bin === undefined) later += all
      else {
        bin.delayed += delayed
        bin.expiring += expiring
        bin.retried += retried
      }
    }
  }
  const isExact = all.every(({ is_exact: each }) => each)
  return { ...first, bins: [...bins.values()], overdue, later, unknown, is_exact: isExact }
}

const nothingDue: DueJson = {
  from: 0,
  bin_ms: 1,
  bins: [],
  overdue: 0,
  later: 0,
  unknown: 0,
  is_exact: true,
}

/** As many as were asked for, the soonest first. */
export function mergeNext(parts: readonly JsonPart[], { query }: MergeAsked): NextDueJson {
  const all = parts.map(({ json }) => json as unknown as NextDueJson)
  const count = Number(query.get('count') ?? 50)
  const messages = all
    .flatMap((each) => each.messages)
    .filter(isObject)
    .toSorted((a, b) => Number(a['due']) - Number(b['due']))
  return { messages: messages.slice(0, count), is_exact: all.every((each) => each.is_exact) }
}
