// What of a log is kept, from its cursors: each record that at least one of them has not acked.
import type { AckedOffsets } from './acked-offsets.ts'

/** What a cursor has acked. */
export interface Acking {
  readonly acked: AckedOffsets
}

/** Every offset below is acked by all of `cursors`, of which there is at least one. */
export function keptFloor(cursors: readonly Acking[]): number {
  let floor = Infinity
  for (const { acked } of cursors) floor = Math.min(floor, acked.floor)
  return floor
}

/** Whether any of `cursors` has not acked `offset`. */
export function isKept(cursors: readonly Acking[], offset: number): boolean {
  for (const { acked } of cursors) if (!acked.isAcked(offset)) return true
  return false
}

/** How many of first … last (inclusive) any of `cursors` has not acked. */
export function countKept(cursors: readonly Acking[], first: number, last: number): number {
  const [only] = cursors
  if (cursors.length === 1 && only !== undefined) return only.acked.unackedIn(first, last)
  // As a rule one of them, the retention of a topic say, keeps all.
  for (const { acked } of cursors) {
    if (acked.unackedIn(first, last) === last - first + 1) return last - first + 1
  }
  let count = 0
  const from = Math.max(first, keptFloor(cursors))
  for (let offset = from; offset <= last; offset++) if (isKept(cursors, offset)) count++
  return count
}
