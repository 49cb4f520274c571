// What comes back to a queue that counts it, as quorum queues do: the cursor notes how often each message
// came back, so that the count outlives the process. One that came back too often is dead; with a delay
// between its tries it comes back later.
import type { Clock, Timer } from '../../lib/clock.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { NumberHeap } from './number-heap.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { DelayedRetry, QueueSettings } from './queue-settings.ts'

/** Why a delivery came back: its consumer gave it back, or failed with it. */
export type ReturnReason = 'requeue' | 'fail'

export interface ReturnsOptions {
  readonly backlog: QueueBacklog
  readonly clock: Clock
  /** The message, detached from the backlog, came back too often. */
  readonly onTooOften: (offset: number) => void
  /** Messages that waited for their next try are ready. */
  readonly onReady: () => void
}

export class Returns {
  readonly #options: ReturnsOptions
  /** Times at which delayed messages are ready, and their offsets. */
  readonly #times = new NumberHeap()
  readonly #offsets = new Map<number, number[]>()
  #timer: Timer | undefined
  #timerAt = Infinity

  /** Takes over what has been noted. */
  constructor(options: ReturnsOptions) {
    this.#options = options
    const { backlog, clock } = options
    const now = clock.now()
    for (const { offset, readyAt } of backlog.notes()) {
      if (readyAt <= now) continue
      backlog.holdBack(offset)
      this.#wakeAt(offset, readyAt)
    }
  }

  /** Whether so many messages wait for their next try that no further ones should be tried. */
  get isFull(): boolean {
    return this.#options.backlog.delayedCount >= brokerLimits.delayedRetriesMax
  }

  /** How often the message came back. */
  countOf(offset: number): number {
    return this.#options.backlog.returnCountOf(offset)
  }

  /** The unacked message at `offset` came back. */
  onReturned(offset: number, reason: ReturnReason, settings: QueueSettings): void {
    const { backlog, clock, onTooOften } = this.#options
    const count = this.countOf(offset) + 1
    if (settings.deliveryLimit !== undefined && count > settings.deliveryLimit) {
      backlog.detach(offset)
      onTooOften(offset)
      return
    }
    const delayMs = delayOf(settings.delayedRetry, reason, count)
    const readyAt = delayMs === 0 ? 0 : clock.now() + delayMs
    backlog.note(offset, { count, readyAt })
    if (readyAt === 0) {
      backlog.requeue(offset)
    } else {
      backlog.delay(offset)
      this.#wakeAt(offset, readyAt)
    }
  }

  /** Drops what waits for its next try and returns how much that was. Within an atom. */
  purge(): number {
    const count = this.#options.backlog.delayedCount
    for (const offsets of this.#offsets.values()) {
      for (const offset of offsets) this.#options.backlog.dropDelayed(offset)
    }
    this.close()
    return count
  }

  /** Nothing comes back any more. */
  close(): void {
    this.#timer?.stop()
    this.#timer = undefined
    this.#timerAt = Infinity
    this.#offsets.clear()
    this.#times.clear()
  }

  #wakeAt(offset: number, time: number): void {
    const offsets = this.#offsets.get(time)
    if (offsets !== undefined) {
      offsets.push(offset)
      return
    }
    this.#offsets.set(time, [offset])
    this.#times.push(time)
    this.#setTimer()
  }

  #setTimer(): void {
    const time = this.#times.peek()
    if (time < 0 || time >= this.#timerAt) return
    this.#timer?.stop()
    this.#timerAt = time
    const { clock } = this.#options
    this.#timer = clock.after(Math.max(0, time - clock.now()), () => {
      this.#timer = undefined
      this.#timerAt = Infinity
      this.#wakeDue()
    })
  }

  #wakeDue(): void {
    const { backlog, clock, onReady } = this.#options
    const now = clock.now()
    let hasWoken = false
    while (this.#times.size > 0 && this.#times.peek() <= now) {
      const time = this.#times.pop()
      for (const offset of this.#offsets.get(time) ?? []) backlog.wake(offset)
      this.#offsets.delete(time)
      hasWoken = true
    }
    this.#setTimer()
    if (hasWoken) onReady()
  }
}

/** Milliseconds until the next try: more for each time that it came back. Source: RabbitMQ 4.3, rabbit_fifo.erl. */
function delayOf(retry: DelayedRetry | undefined, reason: ReturnReason, count: number): number {
  if (retry === undefined) return 0
  if (retry.type === 'failed' && reason !== 'fail') return 0
  if (retry.type === 'returned' && reason !== 'requeue') return 0
  return Math.min(retry.minMs * count, retry.maxMs)
}
