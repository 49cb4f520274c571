// What a page of messages is asked for with.
import { ageMsOf } from '../../broker/argument-check.ts'
import type { BrowseAsked, BrowsePlace, BrowseStart } from '../../broker/browse/browse-start.ts'
import { brokerLimits } from '../../limits/broker.ts'

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
  const count = readNumber(query['count'] ?? `${countDefault}`)
  if (!(count >= 1 && count <= browseCountMax))
    return `count is a number from 1 to ${browseCountMax}`
  const payloadSizeMax = readNumber(query['payload'] ?? `${payloadSizeDefault}`)
  if (!(payloadSizeMax <= browsePageSizeMax)) {
    return `payload is how many bytes of each are shown, from 0 to ${browsePageSizeMax}`
  }
  const partition = query['partition'] === undefined ? undefined : readNumber(query['partition'])
  if (Number.isNaN(partition)) return 'partition is a number from 0 on'
  return { start, after, count, payloadSizeMax, partition }
}

/** `from` of a look at messages; undefined for what is none. */
export function readStart(from: string | undefined, now: number): BrowseStart | undefined {
  if (from === undefined) return { kind: 'head' }
  if (from === 'first' || from === 'last') return { kind: from }
  const offset = readNumber(from)
  if (!Number.isNaN(offset)) return { kind: 'offset', offset }
  const ageMs = ageMsOf(from)
  if (ageMs !== undefined) return { kind: 'time', time: Math.max(0, now - ageMs) }
  const time = /^\d{4}-\d\d-\d\d/.test(from) ? Date.parse(from) : Number.NaN
  return Number.isNaN(time) ? undefined : { kind: 'time', time }
}

/** What a page answered as `next`. */
export function readPlace(cursor: string | undefined): BrowsePlace | 'wrong' | undefined {
  if (cursor === undefined) return undefined
  const [index = '', offset = '', ...others] = cursor.split('.')
  const place = { index: readNumber(index), offset: readNumber(offset) }
  const isWrong = others.length > 0 || Number.isNaN(place.index) || Number.isNaN(place.offset)
  return isWrong ? 'wrong' : place
}

/** NaN for anything but a whole number from 0 on. */
function readNumber(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? number : Number.NaN
}
