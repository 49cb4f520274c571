// Bytes of the bodies that are ready in a queue, for queues with a limit of bytes. Bodies that are unacked
// do not count, but may come back, so their sizes are remembered. Of messages that came before the limit,
// or before a restart, nobody has seen the size: they count for nothing until `SizeCount` has read them or
// they go. So a limit may let more in, and never drops a message too early.
import type { RecordView } from '../../record/message/record-view.ts'

export class ReadySizes {
  readySize = 0
  readonly #unacked = new Map<number, number>()
  #startOffset: number
  /** Messages below this offset came before. */
  countsFrom: number
  /** One that came before has been counted. */
  #hasCounted = false
  /** Those from the start up to here have been counted, or have gone. */
  #countedTo: number
  /** Below the start, ready: their size is still to be read. */
  readonly #unread: Set<number>
  /** Below the start, ready: they count. */
  readonly #returned = new Set<number>()
  /** Told when something that was counted as complete is not any more. */
  onUnread: () => void = () => undefined

  /**
   * From `startOffset` on nothing has been delivered; up to `countsFrom` there may be messages. `returned`
   * are those below that came back.
   */
  constructor(startOffset: number, countsFrom: number, returned: Iterable<number>) {
    this.#startOffset = startOffset
    this.#countedTo = startOffset
    this.countsFrom = countsFrom
    this.#unread = new Set(returned)
  }

  get isComplete(): boolean {
    return this.#unread.size === 0 && this.#countedTo >= this.countsFrom
  }

  /** A message that came back before its size was known. */
  get firstUnread(): number | undefined {
    for (const offset of this.#unread) return offset
    return undefined
  }

  /** What `firstUnread` named has been read. */
  countUnread({ offset, bodyStart, bodyEnd }: RecordView): void {
    this.#unread.delete(offset)
    this.#returned.add(offset)
    this.readySize += bodyEnd - bodyStart
  }

  /** There is no such message any more. */
  forgetUnread(offset: number): void {
    this.#unread.delete(offset)
  }

  /** The first that has not been counted. */
  get countedTo(): number {
    return this.#countedTo
  }

  /** A message that came before, which is ready. To be called in their order, with none left out. */
  count({ offset, bodyStart, bodyEnd }: RecordView): void {
    this.readySize += bodyEnd - bodyStart
    this.#countedTo = offset + 1
    this.#hasCounted = true
  }

  /**
   * A message that came before was replayed: neither it nor what lies below counts until it comes back. False
   * when it counts all the same, as others before it do.
   */
  passReplayed({ offset }: RecordView): boolean {
    if (this.#hasCounted) return false
    this.#startOffset = offset + 1
    this.#countedTo = offset + 1
    return true
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
    const size = this.#unacked.get(offset)
    this.#unacked.delete(offset)
    if (size === undefined) {
      this.#addUnread(offset)
      return
    }
    this.readySize += size
    if (offset < this.#startOffset) this.#returned.add(offset)
  }

  /** One that was delayed is ready. It has been counted, unless it was delayed before. */
  onWoken(offset: number): void {
    if (offset < this.#startOffset && !this.#returned.has(offset)) this.#addUnread(offset)
  }

  onSettled(offset: number): void {
    this.#unacked.delete(offset)
  }

  /** What goes leaves in order, but for what came back: all below has gone already. */
  onHeadLeft({ offset, bodyStart, bodyEnd }: RecordView): void {
    if (!this.onRemoved(offset, bodyEnd - bodyStart)) this.#countedTo = offset + 1
  }

  /** A ready message went from anywhere. False when it is one that is still to be counted. */
  onRemoved(offset: number, size: number): boolean {
    if (this.#returned.delete(offset)) this.#lower(size)
    else if (offset < this.#startOffset) this.#unread.delete(offset)
    else if (this.#isCounted(offset)) this.#lower(size)
    else return false
    return true
  }

  #addUnread(offset: number): void {
    this.#unread.add(offset)
    this.onUnread()
  }

  /** Never below nothing: a body may have become readable that nobody could count when it came. */
  #lower(size: number): void {
    this.readySize = Math.max(0, this.readySize - size)
  }

  /** Nothing is ready: whatever was not seen has gone. */
  onEmpty(): void {
    this.readySize = 0
    this.#countedTo = this.countsFrom
    this.#unread.clear()
    this.#returned.clear()
  }

  /** The queue was rewound: what it has counts no more, and a limit drops nothing that was just replayed. */
  onRewound(endOffset: number): void {
    this.#startOffset = endOffset
    this.countsFrom = endOffset
    this.#unacked.clear()
    this.onEmpty()
  }

  /** Of one from the start on. */
  #isCounted(offset: number): boolean {
    return offset >= this.countsFrom || offset < this.#countedTo
  }
}
