// Bytes of the bodies that are ready in a queue, for queues with a limit of bytes. Bodies that are unacked
// do not count, but may come back, so their sizes are remembered. Messages from before a restart, of which
// nobody has seen the size, count for nothing until they are seen: a limit may let more in, and never
// drops a message too early.
import type { RecordView } from '../../record/message/record-view.ts'

export class ReadySizes {
  readySize = 0
  readonly #unacked = new Map<number, number>()
  /** Messages below this offset came before the restart. */
  readonly #countsFrom: number

  constructor(countsFrom: number) {
    this.#countsFrom = countsFrom
  }

  onTaken({ offset, bodyStart, bodyEnd }: RecordView): void {
    const size = bodyEnd - bodyStart
    this.#unacked.set(offset, size)
    if (offset >= this.#countsFrom) this.#lower(size)
  }

  onRequeued(offset: number): void {
    const size = this.#unacked.get(offset) ?? 0
    this.#unacked.delete(offset)
    if (offset >= this.#countsFrom) this.readySize += size
  }

  onSettled(offset: number): void {
    this.#unacked.delete(offset)
  }

  onHeadLeft({ offset, bodyStart, bodyEnd }: RecordView): void {
    if (offset >= this.#countsFrom) this.#lower(bodyEnd - bodyStart)
  }

  /** What Kafka produced was not counted when it came. */
  #lower(size: number): void {
    this.readySize = Math.max(0, this.readySize - size)
  }

  /** Nothing is ready: whatever was not seen has gone. */
  onEmpty(): void {
    this.readySize = 0
  }
}
