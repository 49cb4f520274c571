// Limits of `pabal top`.
export const topLimits = {
  /** The broker is asked so often: a person reads no faster, and a broker notices nothing. */
  lookMs: 1000,
  /** Queues that are asked for, the first of the order: more fit on no screen. */
  queuesMax: 200,
  /** Of a snapshot, which nobody scrolls. */
  snapshotQueuesMax: 20,
} as const
