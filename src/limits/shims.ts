// Limits of the commands that stand in for RabbitMQ's.

export const shimLimits = {
  /** A port on this machine takes a connection in much less, or not at all. */
  connectMsMax: 5000,
  /** How long a broker that was told to stop may take: its own limit is 25 s. */
  stopMsMax: 60_000,
  /** How often it is looked for meanwhile. */
  stopLookMs: 100,
  /** How long nodes of a cluster are waited for, as by RabbitMQ, and how often it looks. */
  onlineMsMax: 300_000,
  onlineLookMs: 1000,
} as const
