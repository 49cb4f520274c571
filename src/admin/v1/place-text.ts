// A place in a stream as people write it: one spelling for resets, rewinds and browsing.
import { z } from 'zod'
import { ageMsOf } from '../../broker/argument-check.ts'
import type { StreamPlace } from '../../broker/group/reset-targets.ts'

const expected =
  'Expected first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h'

/** A place as text; what is none of these is refused. */
export const placeText: z.ZodType<string> = z
  .string()
  .max(64)
  .refine((text) => readPlaceText(text, 0) !== undefined, expected)
  .describe('first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h')

/** For what `placeText` has let pass. `now` is in milliseconds since the Unix epoch. */
export function readPlace(text: string, now: number): StreamPlace {
  const place = readPlaceText(text, now)
  if (place === undefined) throw new TypeError(expected)
  return place
}

function readPlaceText(text: string, now: number): StreamPlace | undefined {
  if (text === 'first') return { kind: 'first' }
  if (text === 'last') return { kind: 'last' }
  if (/^\d{1,16}$/.test(text)) {
    const offset = Number(text)
    return Number.isSafeInteger(offset) ? { kind: 'offset', offset } : undefined
  }
  const ageMs = ageMsOf(text)
  if (ageMs !== undefined) return { kind: 'time', time: Math.max(0, now - ageMs) }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : { kind: 'time', time }
}
