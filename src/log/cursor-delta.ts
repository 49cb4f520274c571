import type { CursorNote } from './cursor-notes.ts'

/**
 * What one commit changes in one cursor: acked offsets as inclusive ranges
 * [first, last, first, last, …] in the order they were acked, the delivered mark, and notes.
 */
export class CursorDelta {
  readonly acked: number[] = []
  /** Everything at or above this offset has never been delivered; -1 when the commit leaves it. */
  deliveredMark = -1
  /** By offset, those of offsets that the commit acks as well included. */
  notes: Map<number, CursorNote> | undefined

  ack(offset: number): void {
    const { acked } = this
    const last = acked.length - 1
    if (last > 0 && acked[last] === offset - 1) acked[last] = offset
    else acked.push(offset, offset)
  }

  ackRange(first: number, last: number): void {
    this.acked.push(first, last)
  }

  note(offset: number, note: CursorNote): void {
    this.notes ??= new Map()
    this.notes.set(offset, note)
  }
}
