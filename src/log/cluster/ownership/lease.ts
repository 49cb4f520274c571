// Whether this node may serve its cells: a lease on time, from its own heartbeats alone. A heartbeat counts from
// when it was sent, so a lease is over here well before others, who count from when they saw it, take
// over. What a lease keeps from happening are two deliveries of a message; that no two owners
// confirm is the work of epochs. Whoever was stopped for a while asks before any byte leaves.
import { ownershipLimits } from '../../../limits/postgres.ts'

/**
 * - `held`: it serves.
 * - `frozen`: PostgreSQL did not answer for too long. It answers and delivers nothing, and goes on when a
 *   heartbeat succeeds.
 * - `lost`: another process has this node's name. It is over.
 */
export type LeaseState = 'held' | 'frozen' | 'lost'

export class Lease {
  #sentAt: number | undefined
  #isLost = false

  /** A heartbeat that was sent at `sentAt` has succeeded. Monotonic milliseconds. */
  onHeartbeat(sentAt: number): void {
    this.#sentAt = Math.max(this.#sentAt ?? sentAt, sentAt)
  }

  /** The heartbeat found a newer incarnation of this node's name. */
  onSuperseded(): void {
    this.#isLost = true
  }

  /** Asked with a clock that runs while the process stands still. */
  stateAt(now: number): LeaseState {
    if (this.#isLost) return 'lost'
    if (this.#sentAt === undefined) return 'frozen'
    return now - this.#sentAt < ownershipLimits.ownLimitMs ? 'held' : 'frozen'
  }

  /** When it freezes unless a heartbeat succeeds before. */
  get endsAt(): number {
    return (this.#sentAt ?? -Infinity) + ownershipLimits.ownLimitMs
  }
}
