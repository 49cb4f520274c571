// The dead messages of a queue on their way to its dead-letter exchange. Each batch is one atom: appended
// there, acked here. After a crash before that the message is in the queue as it was, so nothing is lost
// or doubled, however many wait.
import type { Clock } from '../../lib/clock.ts'
import { Fifo } from '../../lib/fifo.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { logLimits } from '../../limits/log.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { isLate } from '../is-late.ts'
import type { Shortage } from '../shortage.ts'
import { KeptDeadLetters } from './kept-dead-letters.ts'
import type { QueueBacklog } from './queue-backlog.ts'

export interface DeadLettersOptions {
  readonly backlog: Pick<QueueBacklog, 'readDetached' | 'ackDetached'>
  readonly store: LogStore
  readonly turn: Turn
  readonly shortage: Shortage
  readonly clock: Clock
  /**
   * Routes the message through the dead-letter exchange and appends it there. False: it found no queue, and is
   * to be kept. Within an atom.
   */
  readonly publish: (record: RecordView, reason: DeathReason) => boolean
  /** Changes whenever a dead letter may find another way. */
  readonly routesVersion: () => number
  /** Messages are kept. Not told again and again. */
  readonly onKept: () => void
}

interface Waiter {
  /** Told when so many have been moved. */
  readonly until: number
  readonly callback: () => void
}

const sharedView = new RecordView()

export class DeadLetters implements TurnTask {
  readonly #options: DeadLettersOptions
  /** In the order in which they died. */
  #offsets: number[] = []
  #reasons: DeathReason[] = []
  #head = 0
  #isScheduled = false
  /** The disk has to bring a message, or to take what was published. */
  #isWaiting = false
  #isClosed = false
  /** Made for the first one. */
  #kept: KeptDeadLetters | undefined
  /** How many have died, … */
  #addedCount = 0
  /** … and who waits until so many of them have been moved. */
  readonly #waiters = new Fifo<Waiter>()

  constructor(options: DeadLettersOptions) {
    this.#options = options
  }

  /** Messages that found no queue and are kept, … */
  get keptCount(): number {
    return this.#kept?.count ?? 0
  }

  /** … and the bytes of their bodies. */
  get keptSize(): number {
    return this.#kept?.size ?? 0
  }

  /** Those that have not gone yet, in no order. */
  *offsets(): Generator<number> {
    for (let at = this.#head; at < this.#offsets.length; at++) yield this.#offsets[at]!
    if (this.#kept !== undefined) yield* this.#kept.offsets()
  }

  /** The message at `offset`, which has been detached from the backlog, is dead. */
  add(offset: number, reason: DeathReason): void {
    this.#addedCount++
    this.#offsets.push(offset)
    this.#reasons.push(reason)
    this.#schedule()
  }

  /**
   * Calls back once when those that are dead by now have been moved, and that is durable; at once when they may
   * take long, since there is no space for them or nobody wants them.
   */
  whenMoved(callback: () => void): void {
    const hasGone = this.#head === this.#offsets.length
    if (hasGone || this.#options.shortage.reason !== undefined) callback()
    else this.#waiters.push({ until: this.#addedCount, callback })
  }

  /** Where dead letters go, or whether they are kept, may be different now. */
  retryKept(): void {
    this.#kept?.retry()
  }

  /** What is kept stays where it is: the broker stops. */
  stopRetrying(): void {
    this.#kept?.stop()
  }

  /** The queue is deleted with all that is in it. */
  close(): void {
    this.#kept?.stop()
    this.#isClosed = true
    this.#offsets = []
    this.#reasons = []
    this.#head = 0
    this.#tellWaiters(undefined)
  }

  runTurn(): void {
    this.#isScheduled = false
    if (this.#isClosed || this.#waitsForSpace()) return
    const { store } = this.#options
    store.beginAtom()
    const isStopped = this.#moveSome()
    const ticket = store.endAtom()
    this.#tellWaiters(ticket)
    this.#compact()
    if (isStopped || this.#head === this.#offsets.length) return
    if (ticket === undefined || store.uncommittedSize < logLimits.uncommittedSizeMax) {
      this.#schedule()
      return
    }
    this.#isWaiting = true
    ticket.whenDurable(() => this.#goOn())
  }

  /** True when the disk has to bring the next message first. */
  #moveSome(): boolean {
    const { backlog, turn } = this.#options
    let size = 0
    for (let count = 1; this.#head < this.#offsets.length; count++) {
      if (size >= brokerLimits.deadLettersSizePerTurn) break
      const offset = this.#offsets[this.#head]!
      this.#isWaiting = true
      const result = backlog.readDetached(offset, sharedView, () => this.#goOn())
      if (result === 'wait') return true
      this.#isWaiting = false
      const reason = this.#reasons[this.#head]!
      this.#head++
      if (result === 'record') {
        size += sizeOf(sharedView)
        this.#move(sharedView, offset, reason)
      } else {
        backlog.ackDetached(offset)
      }
      if (count % brokerLimits.dispatchBetweenLooks === 0 && isLate(turn)) break
    }
    return false
  }

  #move(record: RecordView, offset: number, reason: DeathReason): void {
    const { backlog, publish } = this.#options
    const size = record.bodyEnd - record.bodyStart
    if (publish(record, reason)) backlog.ackDetached(offset)
    else this.#keep(offset, reason, size)
  }

  #keep(offset: number, reason: DeathReason, size: number): void {
    const { clock, routesVersion, onKept } = this.#options
    this.#kept ??= new KeptDeadLetters({
      clock,
      routesVersion,
      onKept,
      onRetry: (kept, why) => this.add(kept, why),
    })
    this.#kept.add(offset, reason, size)
  }

  /** What is moved takes space; acks and deletes, which give space back, do not wait. */
  #waitsForSpace(): boolean {
    const { shortage } = this.#options
    if (shortage.reason === undefined) return false
    this.#isWaiting = true
    this.#tellWaiters(undefined, Infinity)
    const stop = shortage.onChange((isShort) => {
      if (isShort) return
      stop()
      this.#goOn()
    })
    return true
  }

  /** The first of `movedCount` have gone with `ticket`. */
  #tellWaiters(ticket: Ticket | undefined, movedCount = this.#movedCount): void {
    for (let first = this.#waiters.first; first !== undefined; first = this.#waiters.first) {
      if (first.until > movedCount) return
      this.#waiters.shift()
      if (ticket === undefined) first.callback()
      else ticket.whenDurable(first.callback)
    }
  }

  get #movedCount(): number {
    return this.#addedCount - (this.#offsets.length - this.#head)
  }

  #goOn(): void {
    this.#isWaiting = false
    if (!this.#isClosed && this.#head < this.#offsets.length) this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWaiting) return
    this.#isScheduled = true
    this.#options.turn.schedule(turnPhase.dispatch, this)
  }

  #compact(): void {
    if (this.#head === this.#offsets.length) {
      this.#offsets.length = 0
      this.#reasons.length = 0
      this.#head = 0
    } else if (this.#head > brokerLimits.deadLettersCompactAt) {
      this.#offsets.splice(0, this.#head)
      this.#reasons.splice(0, this.#head)
      this.#head = 0
    }
  }
}

function sizeOf({ addressStart, headerEnd, bodyStart, bodyEnd }: RecordView): number {
  return headerEnd - addressStart + bodyEnd - bodyStart
}
