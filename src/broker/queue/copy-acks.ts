import type { LogCursor } from '../../log/log-cursor.ts'

/** Acks in `to` what `from`, a cursor of the same log, has acked below `end`. Within an atom. */
export function copyAcks(from: LogCursor, to: LogCursor, end: number): void {
  if (to.floor < from.floor) to.ackRange(to.floor, Math.min(from.floor, end) - 1)
  from.acked.forEachAckedRun((first, last) => {
    to.ackRange(first, Math.min(last, end - 1))
  })
}
