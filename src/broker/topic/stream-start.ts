// Where a reader of a stream begins: the consumer argument `x-stream-offset`.
import { type FieldValue } from '../../record/message/field-table.ts'
import { findAgeMs } from '../argument-check.ts'

/** `timestamp` is milliseconds since 1970. */
export type StreamStart =
  | { readonly kind: 'first' | 'last' | 'next' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'timestamp'; readonly timestamp: number }

/** What an argument that was checked means; `now` is the time that an age counts from. */
export function parseStreamStart(argument: FieldValue, now: number): StreamStart {
  if (argument.type === 'timestamp') {
    return { kind: 'timestamp', timestamp: Number(argument.value) * 1000 }
  }
  const ageMs = findAgeMs(argument)
  if (ageMs !== undefined) return { kind: 'timestamp', timestamp: now - ageMs }
  const { value } = argument
  if (value === 'first' || value === 'last' || value === 'next') return { kind: value }
  return { kind: 'offset', offset: Math.max(0, Number(value)) }
}
