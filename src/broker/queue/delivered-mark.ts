// How far deliveries from a log may go. The mark runs ahead of them in the log, so that after a crash
// every message that may have been delivered is below it and comes back as "redelivered": the flag
// may be falsely true, never falsely false (docs/decisions/0011-delivered-mark.md).
import { brokerLimits } from '../../limits/broker.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Ticket } from '../../log/ticket.ts'

export class DeliveredMark {
  /** Messages below this may have been delivered by an earlier process, or before a rewind. */
  redeliveredBelow: number
  #cursor: LogCursor
  /** At or above this, the mark was raised no later than the message was appended. */
  #coversFrom = Number.POSITIVE_INFINITY
  /** How far the mark runs ahead: further, the longer it takes to become durable. */
  #ahead: number = brokerLimits.deliveredMarkAhead
  /** Of the current mark. */
  #ticket: Ticket | undefined

  constructor(cursor: LogCursor) {
    this.#cursor = cursor
    this.redeliveredBelow = Math.min(cursor.deliveredMark, cursor.log.endOffset)
  }

  /**
   * Messages first … last were appended for consumers that have come as far as `next`. The mark is
   * raised in the commit that holds them, so they may be delivered at once. Behind a backlog it
   * follows the deliveries instead.
   */
  onAppended(first: number, last: number, next: number): void {
    if (last < this.#cursor.deliveredMark || first - next >= brokerLimits.deliveredMarkAhead) return
    this.#ahead = brokerLimits.deliveredMarkAhead
    this.#raise(last, first)
  }

  /** Whether the message at `offset` may be delivered; if not, `whenDurable` says when it may. */
  allows(offset: number): boolean {
    const cursor = this.#cursor
    if (offset < cursor.durableDeliveredMark || this.#isCovered(offset)) return true
    if (offset >= cursor.deliveredMark) this.#raise(offset, cursor.log.endOffset)
    // It was raised in time, but its commit stands behind much that publishers sent.
    else this.#ahead = Math.min(this.#ahead * 4, brokerLimits.deliveredMarkAheadMax)
    return offset < cursor.durableDeliveredMark
  }

  /** Calls back once when the current mark is durable. */
  whenDurable(callback: () => void): void {
    this.#ticket?.whenDurable(callback)
  }

  /** The message at `offset` is out: the mark moves on before deliveries have to wait for it. */
  onDelivered(offset: number): void {
    const cursor = this.#cursor
    const isBacklog = offset < this.#coversFrom && offset + 1 < cursor.log.endOffset
    if (isBacklog && offset + this.#ahead / 2 >= cursor.deliveredMark) {
      this.#raise(offset, cursor.log.endOffset)
    }
  }

  /** Deliveries came as far as `next` and end in good order: the next process need not guess. */
  settle(next: number): void {
    const exact = Math.max(next, this.redeliveredBelow)
    this.#cursor.deliveredMark = Math.min(this.#cursor.deliveredMark, exact)
  }

  /**
   * The queue was rewound: deliveries had come as far as `next`, and `cursor` has taken the place of the
   * other. Until that is durable the other one's mark counts, so nothing has to wait. Within an atom.
   */
  moveTo(cursor: LogCursor, next: number): void {
    const { deliveredMark, durableDeliveredMark } = this.#cursor
    this.redeliveredBelow = Math.max(this.redeliveredBelow, next)
    this.#cursor = cursor
    const ticket = cursor.raiseDeliveredMark(Math.max(deliveredMark, this.redeliveredBelow))
    cursor.durableDeliveredMark = Math.max(cursor.durableDeliveredMark, durableDeliveredMark)
    if (ticket !== undefined) this.#ticket = ticket
  }

  #isCovered(offset: number): boolean {
    return offset >= this.#coversFrom && offset < this.#cursor.deliveredMark
  }

  /**
   * Lets deliveries go past `offset`. The mark runs ahead, so that it is written once in a while;
   * every message at or after `coversFrom` is committed no earlier than the mark.
   */
  #raise(offset: number, coversFrom: number): void {
    this.#coversFrom = coversFrom
    this.#ticket = this.#cursor.raiseDeliveredMark(offset + this.#ahead)
  }
}
