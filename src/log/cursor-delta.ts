/**
 * What one commit commit changes in one cursor: acked offsets as inclusive ranges
 * [first, last, first, last, …] in the order they were acked, and the delivered mark.
 */
export class CursorDelta {
  readonly acked: number[] = []
  /** Everything at or above this offset has never been delivered; -1 when the commit leaves it. */
  deliveredMark = -1

  ack(offset: number): void {
    const { acked } = this
    const last = acked.length - 1
    if (last > 0 && acked[last] === offset - 1) acked[last] = offset
    else acked.push(offset, offset)
  }

  ackRange(first: number, last: number): void {
    this.acked.push(first, last)
  }
}
