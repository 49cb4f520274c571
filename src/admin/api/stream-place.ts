// A place in a queue or topic as people write it: one spelling for looks and resets.
import { ageMsOf } from '../../broker/argument-check.ts'
import type { StreamPlace } from '../../broker/topic/stream-place.ts'

/**
 * `first`, `last`, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h; undefined for what is none of
 * these. `now` is in milliseconds since the Unix epoch.
 */
export function readStreamPlace(text: string, now: number): StreamPlace | undefined {
  if (text === 'first') return { kind: 'first' }
  if (text === 'last') return { kind: 'last' }
  const offset = wholeNumberIn(text)
  if (!Number.isNaN(offset)) return { kind: 'offset', offset }
  const ageMs = ageMsOf(text)
  if (ageMs !== undefined) return { kind: 'time', time: Math.max(0, now - ageMs) }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : { kind: 'time', time }
}

/** NaN for anything but a whole number from 0 on. */
export function wholeNumberIn(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? number : Number.NaN
}
