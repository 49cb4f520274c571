// Records that a share group cannot process, on their way to where its dead letters go.

/** Why records could not be processed. */
export type ShareDeath = 'rejected' | 'delivery_limit' | 'expired'

/** Records on their way to where the group's dead letters go. */
export interface DeadRecords {
  /** The record, which is not acked yet, is dead. */
  add(offset: number, reason: ShareDeath, deliveryCount: number): void
  /** Calls back once when all that is dead by now has gone, durably. */
  whenMoved(callback: () => void): void
  close(): void
}
