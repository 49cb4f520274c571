// Headers by which a Kafka producer says when work queues are to deliver its record, and until when.
// The record has its offset at once, and fetches see it at once: only who takes records one by one waits.
import { isUtf8 } from 'node:buffer'

/** Milliseconds from the record's own time on. */
export const deliverAfterHeader = 'pabal.deliver-after-ms'
/** A time: milliseconds since the Unix epoch, or as 2026-11-30T07:00:00Z. It wins over the other. */
export const deliverAtHeader = 'pabal.deliver-at'
/** How many milliseconds it may wait once it may be delivered. */
export const ttlHeader = 'pabal.ttl-ms'

/** Which records go first where a queue has priorities: 0 to 255. */
export const priorityHeader = 'pabal.priority'

/** What a message's time to live and priority are called where Kafka clients read it, and mean where they write it. */
export const expirationHeader = 'amqp.expiration'
export const messagePriorityHeader = 'amqp.priority'

/** What is behind is a mistake, such as microseconds: the year 2100, and ten years. */
const timeMax = Date.UTC(2100, 0)
const delayMsMax = 3_660 * 24 * 3_600_000
const isoTime = /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/

/** The value of `pabal.ttl-ms` and its like: a number from 0 on, in decimal; undefined for anything else. */
export function wholeNumberOf(value: Buffer): number | undefined {
  const text = value.length > 16 ? '' : value.toString('latin1')
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}

/** The value of `pabal.deliver-after-ms`; undefined for what is none. */
export function delayOf(value: Buffer): number | undefined {
  const delayMs = wholeNumberOf(value)
  return delayMs !== undefined && delayMs <= delayMsMax ? delayMs : undefined
}

/** The value of `pabal.deliver-at`, in milliseconds since the Unix epoch; undefined for what is none. */
export function timeOf(value: Buffer): number | undefined {
  const time = wholeNumberOf(value) ?? isoTimeOf(value)
  return time !== undefined && time <= timeMax ? time : undefined
}

/**
 * When a record with these headers and this timestamp may be delivered, in milliseconds since the Unix epoch; 0 for
 * at once. Values that make no sense do not delay.
 */
export function deliverAtOf(
  { at, after }: { readonly at: Buffer | undefined; readonly after: Buffer | undefined },
  timestamp: number,
): number {
  const time = at === undefined ? undefined : timeOf(at)
  if (time !== undefined) return time
  const delayMs = after === undefined ? 0 : (delayOf(after) ?? 0)
  return delayMs === 0 ? 0 : timestamp + delayMs
}

function isoTimeOf(value: Buffer): number | undefined {
  if (value.length > 40 || !isUtf8(value)) return undefined
  const text = value.toString()
  const time = isoTime.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
