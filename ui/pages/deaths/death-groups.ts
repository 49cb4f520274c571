// Dead letters in groups, as far as they have been read: one stream is read part by part, and what the parts say
// is added up. No JSX, so that node can test it.
import type { DeathGroupJson, DeathsJson } from '../../../src/admin/v1/dead-letter-operations.ts'
import { encodeName } from '../../lib/names.ts'

export interface StreamId {
  readonly vhost: string
  readonly name: string
}

/** A group, and the stream in which its messages are. */
export interface Group extends DeathGroupJson {
  readonly key: string
  readonly stream: StreamId
}

/** What is known of one stream. */
export interface Reading {
  readonly stream: StreamId
  readonly groups: ReadonlyMap<string, Group>
  readonly looked: number
  readonly total: number
  /** Messages that do not say that they died. */
  readonly others: number
  /** Where to go on; null: all was read. */
  readonly next: string | null
}

export function emptyReading(stream: StreamId, total: number): Reading {
  return { stream, groups: new Map(), looked: 0, total, others: 0, next: null }
}

/** With what one more part says. */
export function withPart(reading: Reading, part: DeathsJson): Reading {
  const groups = new Map(reading.groups)
  for (const group of part.groups) {
    const key = keyOf(reading.stream, group)
    const known = groups.get(key)
    groups.set(
      key,
      known === undefined ? { ...group, key, stream: reading.stream } : sum(known, group),
    )
  }
  const looked = reading.looked + part.looked_at
  const others = reading.others + part.others
  return {
    ...reading,
    groups,
    looked,
    others,
    total: Math.max(part.total, looked),
    next: part.next,
  }
}

/** Of one group in the URL; it stays the same while its counts change. */
export function keyOf({ vhost, name }: StreamId, group: DeathGroupJson): string {
  const { reason, queue, exchange, exception_type: type, exception } = group
  const parts = [vhost, name, reason, queue, exchange, type, exception]
  return parts.map((part) => (part === null ? '' : `.${encodeName(part)}`)).join(' ')
}

function sum(known: Group, more: DeathGroupJson): Group {
  const keys = [...new Set([...known.routing_keys, ...more.routing_keys])]
  return {
    ...known,
    routing_keys: keys.slice(0, 5),
    has_other_keys: known.has_other_keys || more.has_other_keys || keys.length > 5,
    count: known.count + more.count,
    bytes: known.bytes + more.bytes,
    first: Math.min(known.first, more.first),
    last: Math.max(known.last, more.last),
  }
}

/** The filter that finds exactly the messages of a group. */
export function filterOf(group: DeathGroupJson): {
  readonly death: Readonly<Record<string, string | null>>
} {
  const { reason, queue, exchange, exception_type, exception } = group
  return { death: { reason, queue, exchange, exception_type, exception } }
}

/** Reasons as the broker names them, in words. */
const reasons: Readonly<Record<string, string>> = {
  rejected: 'rejected',
  expired: 'expired',
  maxlen: 'dropped by a length limit',
  delivery_limit: 'returned too often',
}

/** Why they died, in a word or two. */
export function whyOf({ reason }: Pick<DeathGroupJson, 'reason'>): string {
  return reason === null ? 'failed' : (reasons[reason] ?? reason)
}

/** A part of the page's sentence: `12 rejected by`, and the queue behind it. */
export interface Clause {
  readonly count: number
  readonly says: string
  readonly queue: string | null
}

/** By why and where, the most first; a few, and how many the rest are. */
export function clausesOf(groups: readonly DeathGroupJson[], max = 3): readonly Clause[] {
  const byPlace = new Map<string, Clause>()
  for (const group of groups) {
    const { reason, queue, count } = group
    const place = reason === 'rejected' || reason === null ? queue : null
    const says = placeWords(whyOf(group), reason, place)
    const key = `${says} ${place}`
    byPlace.set(key, { says, queue: place, count: count + (byPlace.get(key)?.count ?? 0) })
  }
  const all = [...byPlace.values()].toSorted((a, b) => b.count - a.count)
  if (all.length <= max) return all
  const rest = all.slice(max - 1).reduce((sumOf, { count }) => sumOf + count, 0)
  return [...all.slice(0, max - 1), { count: rest, says: 'otherwise', queue: null }]
}

function placeWords(why: string, reason: string | null, place: string | null): string {
  if (place === null) return why
  return reason === 'rejected' ? `${why} by` : `${why} in`
}
