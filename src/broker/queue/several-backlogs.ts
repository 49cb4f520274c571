// What the backlogs of queues with several logs share: a message is named by its place, and counts are those
// of all logs. Which log is taken from next is up to them.
import type { CursorNote } from '../../log/cursor-notes.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Backlog } from './backlog.ts'
import type { Incoming } from './incoming.ts'
import { logIndexIn, offsetIn, placeOf } from './message-place.ts'
import type { BacklogPart, NotedMessage, TakeResult } from './queue-backlog.ts'

/** One of the logs, with whatever decides on its turn. */
export interface Lane {
  readonly backlog: Backlog
}

export abstract class SeveralBacklogs<L extends Lane> {
  /** By index in places, which never changes. */
  protected readonly lanes: L[]

  constructor(lanes: L[]) {
    this.lanes = lanes
  }

  get ends(): readonly number[] {
    return this.lanes.flatMap(({ backlog }) => backlog.ends)
  }

  get parts(): readonly BacklogPart[] {
    return this.lanes.map(({ backlog }) => backlog)
  }

  get messageCount(): number {
    let count = 0
    for (const { backlog } of this.lanes) count += backlog.messageCount
    return count
  }

  get unackedCount(): number {
    let count = 0
    for (const { backlog } of this.lanes) count += backlog.unackedCount
    return count
  }

  get delayedCount(): number {
    let count = 0
    for (const { backlog } of this.lanes) count += backlog.delayedCount
    return count
  }

  get readyCount(): number {
    let count = 0
    for (const { backlog } of this.lanes) count += backlog.readyCount
    return count
  }

  get waitingCount(): number {
    return this.messageCount - this.unackedCount
  }

  get hiddenCount(): number {
    let count = 0
    for (const { backlog } of this.lanes) count += backlog.hiddenCount
    return count
  }

  get readySize(): number {
    let size = 0
    for (const { backlog } of this.lanes) size += backlog.readySize
    return size
  }

  get hasNotes(): boolean {
    return this.lanes.some(({ backlog }) => backlog.hasNotes)
  }

  onBatchAppended(incoming: Incoming, isAwaited: boolean, index: number): void {
    this.lanes[index]!.backlog.onBatchAppended(incoming, isAwaited)
  }

  onTransactionEnded(index: number, abortedSize: number): void {
    this.lanes[index]!.backlog.onTransactionEnded(0, abortedSize)
  }

  remove(place: number): void {
    this.#at(place).remove(offsetIn(place))
  }

  requeue(place: number): void {
    this.#at(place).requeue(offsetIn(place))
  }

  delay(place: number): void {
    this.#at(place).delay(offsetIn(place))
  }

  putBack(place: number): void {
    this.#at(place).putBack(offsetIn(place))
  }

  holdBack(place: number): void {
    this.#at(place).holdBack(offsetIn(place))
  }

  wake(place: number): void {
    this.#at(place).wake(offsetIn(place))
  }

  dropDelayed(place: number): void {
    this.#at(place).dropDelayed(offsetIn(place))
  }

  note(place: number, note: CursorNote): void {
    this.#at(place).note(offsetIn(place), note)
  }

  returnCountOf(place: number): number {
    return this.#at(place).returnCountOf(offsetIn(place))
  }

  readyAtOf(place: number): number {
    return this.#at(place).readyAtOf(offsetIn(place))
  }

  isAcked(place: number): boolean {
    return this.#at(place).isAcked(offsetIn(place))
  }

  *notes(): Generator<NotedMessage> {
    for (const [index, { backlog }] of this.lanes.entries()) {
      for (const noted of backlog.notes()) yield { ...noted, offset: placeOf(index, noted.offset) }
    }
  }

  detach(place: number): void {
    this.#at(place).detach(offsetIn(place))
  }

  detachHead(view: RecordView): void {
    const place = view.offset
    view.offset = offsetIn(place)
    this.#at(place).detachHead(view)
    view.offset = place
    this.onGone(logIndexIn(place))
  }

  readDetached(place: number, view: RecordView, onReadable: () => void): TakeResult {
    const result = this.#at(place).readDetached(offsetIn(place), view, onReadable)
    if (result === 'record') view.offset = place
    return result
  }

  ackDetached(place: number): void {
    this.#at(place).ackDetached(offsetIn(place))
  }

  purge(): number {
    let count = 0
    for (const { backlog } of this.lanes) count += backlog.purge()
    return count
  }

  rewind(index: number, cursor: LogCursor, target: number): number {
    return this.lanes[index]!.backlog.rewind(0, cursor, target)
  }

  close(): void {
    for (const { backlog } of this.lanes) backlog.close()
  }

  settleDeliveredMark(): void {
    for (const { backlog } of this.lanes) backlog.settleDeliveredMark()
  }

  /** A message of the log with this index has left the head. */
  protected abstract onGone(index: number): void

  #at(place: number): Backlog {
    return this.lanes[logIndexIn(place)]!.backlog
  }
}
