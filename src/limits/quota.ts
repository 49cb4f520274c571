// Bounds of Kafka's client quotas.
export const quotaLimits = {
  /** Users, client ids, pairs and addresses with quotas of their own: each is one entry of the log's keyed state. */
  quotaEntitiesMax: 10_000,
  /** Longest name in an entity: a user's, a client id, an address. */
  quotaNameSizeMax: 1024,
  /** What a client may save up. Kafka's quota.window.num − 1 whole windows of quota.window.size.seconds. */
  quotaBurstMs: 10_000,
  /** The same of changes of topics. Kafka's controller.quota.window.num times controller.quota.window.size.seconds. */
  mutationBurstMs: 11_000,
  /** A request quota mutes a client for no longer at a time, as in Kafka: its window. */
  requestThrottleMsMax: 1000,
  /** Buckets that are remembered, some 200 bytes each: those of clients that have used all they may come first. */
  quotaBucketsMax: 50_000,
  /** Connections that wait for their end or their beginning because there are too many new ones; more are closed at once. */
  delayedConnectionsMax: 1000,
} as const
