// What a page of messages is asked for with.
import type { BrowseAsked, BrowsePlace, BrowseStart } from '../../broker/browse/browse-start.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { readStreamPlace, wholeNumberIn } from '../api/stream-place.ts'

const known: ReadonlySet<string> = new Set(['from', 'count', 'cursor', 'partition', 'payload'])
const countDefault = 100
const payloadSizeDefault = 1024

/** What to ask for, or why it cannot be. */
export function readBrowseQuery(
  query: Readonly<Record<string, string>>,
  now: number,
): BrowseAsked | string {
  const unknown = Object.keys(query).find((name) => !known.has(name))
  if (unknown !== undefined)
    return `There is no parameter ${unknown}: there are ${[...known].join(', ')}`
  const start = readStart(query['from'], now)
  if (start === undefined)
    return 'from is first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h'
  const after = readPlace(query['cursor'])
  if (after === 'wrong') return 'cursor is what the page before answered as next'
  const { browseCountMax, browsePageSizeMax } = brokerLimits
  const count = wholeNumberIn(query['count'] ?? `${countDefault}`)
  if (!(count >= 1 && count <= browseCountMax))
    return `count is a number from 1 to ${browseCountMax}`
  const payloadSizeMax = wholeNumberIn(query['payload'] ?? `${payloadSizeDefault}`)
  if (!(payloadSizeMax <= browsePageSizeMax)) {
    return `payload is how many bytes of each are shown, from 0 to ${browsePageSizeMax}`
  }
  const partition = query['partition'] === undefined ? undefined : wholeNumberIn(query['partition'])
  if (Number.isNaN(partition)) return 'partition is a number from 0 on'
  return { start, after, count, payloadSizeMax, partition }
}

/** `from` of a look at messages; undefined for what is none. */
export function readStart(from: string | undefined, now: number): BrowseStart | undefined {
  return from === undefined ? { kind: 'head' } : readStreamPlace(from, now)
}

/** What a page answered as `next`. */
export function readPlace(cursor: string | undefined): BrowsePlace | 'wrong' | undefined {
  if (cursor === undefined) return undefined
  const [index = '', offset = '', ...others] = cursor.split('.')
  const place = { index: wholeNumberIn(index), offset: wholeNumberIn(offset) }
  const isWrong = others.length > 0 || Number.isNaN(place.index) || Number.isNaN(place.offset)
  return isWrong ? 'wrong' : place
}
