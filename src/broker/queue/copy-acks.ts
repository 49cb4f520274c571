import type { LogCursor } from '../../log/log-cursor.ts'

/** Acks in `to` what `from`, a cursor of the same log, has acked of start … end - 1. Within an atom. */
export function copyAcks(from: LogCursor, to: LogCursor, start: number, end: number): void {
  to.ackRange(Math.max(to.floor, start), Math.min(from.floor, end) - 1)
  from.acked.forEachAckedRun((first, last) => {
    to.ackRange(Math.max(first, start), Math.min(last, end - 1))
  })
}
