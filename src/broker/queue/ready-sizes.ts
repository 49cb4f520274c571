// Bytes of the bodies that are ready in a queue, for queues with a limit of bytes. Bodies that are unacked
// do not count, but may come back, so their sizes are remembered. Of messages that came before the limit,
// or before a restart, nobody has seen the size: they count for nothing until `SizeCount` has read them or
// they go. Those that were delivered and came back before that never count. So a limit may let more in,
// and never drops a message too early.
import type { RecordView } from '../../record/message/record-view.ts'

export class ReadySizes {
  readySize = 0
  readonly #unacked = new Map<number, number>()
  readonly #startOffset: number
  /** Messages below this offset came before. */
  readonly countsFrom: number
  /** Those from the start up to here have been counted, or have gone. */
  #countedTo: number

  /** From `startOffset` on nothing has been delivered; up to `countsFrom` there may be messages. */
  constructor(startOffset: number, countsFrom: number) {
    this.#startOffset = startOffset
    this.#countedTo = startOffset
    this.countsFrom = countsFrom
  }

  /** The first that has not been counted. */
  get countedTo(): number {
    return this.#countedTo
  }

  /** A message that came before, which is ready. To be called in their order, with none left out. */
  count({ offset, bodyStart, bodyEnd }: RecordView): void {
    this.readySize += bodyEnd - bodyStart
    this.#countedTo = offset + 1
  }

  /** There is no message below `offset` that would have to be counted. */
  skipTo(offset: number): void {
    this.#countedTo = Math.max(this.#countedTo, offset)
  }

  onTaken(view: RecordView): void {
    this.#unacked.set(view.offset, view.bodyEnd - view.bodyStart)
    this.onHeadLeft(view)
  }

  onRequeued(offset: number): void {
    const size = this.#unacked.get(offset) ?? 0
    this.#unacked.delete(offset)
    if (this.#isCounted(offset)) this.readySize += size
  }

  onSettled(offset: number): void {
    this.#unacked.delete(offset)
  }

  /** What goes leaves in order, but for what came back: all below has gone already. */
  onHeadLeft({ offset, bodyStart, bodyEnd }: RecordView): void {
    if (this.#isCounted(offset)) this.#lower(bodyEnd - bodyStart)
    else if (offset >= this.#startOffset) this.#countedTo = offset + 1
  }

  /** What Kafka produced was not counted when it came. */
  #lower(size: number): void {
    this.readySize = Math.max(0, this.readySize - size)
  }

  /** Nothing is ready: whatever was not seen has gone. */
  onEmpty(): void {
    this.readySize = 0
    this.#countedTo = this.countsFrom
  }

  #isCounted(offset: number): boolean {
    if (offset >= this.countsFrom) return true
    return offset >= this.#startOffset && offset < this.#countedTo
  }
}
