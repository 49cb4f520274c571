// What comes back to a queue that counts it, as quorum queues do: the cursor notes how often each message
// came back, so that the count outlives the process. One that came back too often is dead; with a delay
// between its tries it comes back later.
import type { Clock } from '../../lib/clock.ts'
import type { HeldMessages } from './held-messages.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { DelayedRetry, QueueSettings } from './queue-settings.ts'

/** Why a delivery came back: its consumer gave it back, or failed with it. */
export type ReturnReason = 'requeue' | 'fail'

export interface ReturnsOptions {
  readonly backlog: QueueBacklog
  readonly held: HeldMessages
  readonly clock: Clock
  /** The message, detached from the backlog, came back too often. */
  readonly onTooOften: (offset: number) => void
}

export class Returns {
  readonly #options: ReturnsOptions

  constructor(options: ReturnsOptions) {
    this.#options = options
  }

  /** Takes over what an earlier process has noted. */
  holdNoted(): void {
    const { backlog, held, clock } = this.#options
    const now = clock.now()
    for (const { offset, readyAt } of backlog.notes()) {
      if (readyAt <= now) continue
      backlog.holdBack(offset)
      held.hold(offset, readyAt)
    }
  }

  /** How often the message came back. */
  countOf(offset: number): number {
    return this.#options.backlog.returnCountOf(offset)
  }

  /** The unacked message at `offset` came back. */
  onReturned(offset: number, reason: ReturnReason, settings: QueueSettings): void {
    const { backlog, held, clock, onTooOften } = this.#options
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
      held.hold(offset, readyAt)
    }
  }
}

/** Milliseconds until the next try: more for each time that it came back. Source: RabbitMQ 4.3, rabbit_fifo.erl. */
function delayOf(retry: DelayedRetry | undefined, reason: ReturnReason, count: number): number {
  if (retry === undefined) return 0
  if (retry.type === 'failed' && reason !== 'fail') return 0
  if (retry.type === 'returned' && reason !== 'requeue') return 0
  return Math.min(retry.minMs * count, retry.maxMs)
}
