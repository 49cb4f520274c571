// A place in a stream in the body of a request.
import { z } from 'zod'
import type { StreamPlace } from '../../broker/topic/stream-place.ts'
import { readStreamPlace } from '../api/stream-place.ts'

const expected =
  'Expected first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h'

/** A place as text; what is none of these is refused. */
export const placeText: z.ZodType<string> = z
  .string()
  .max(64)
  .refine((text) => readStreamPlace(text, 0) !== undefined, expected)
  .describe('first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h')

/** For what `placeText` has let pass. `now` is in milliseconds since the Unix epoch. */
export function readPlace(text: string, now: number): StreamPlace {
  const place = readStreamPlace(text, now)
  if (place === undefined) throw new TypeError(expected)
  return place
}
