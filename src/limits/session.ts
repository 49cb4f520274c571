// Limits of sessions, their subscriptions and retained messages.
import { MiB } from './units.ts'

export const sessionLimits = {
  /** Sessions of all virtual hosts. One that waits for its client takes a kilobyte, a queue some three more. */
  sessionsMax: 1_000_000,
  /**
   * The share of the log's keyed state, whoever uses it, above which there are no more sessions, subscriptions and wills
   * that have rows there: offsets of Kafka's groups, producers and jobs need room as well.
   */
  stateUseMax: 0.75,
  /** Ids of messages of QoS 2 that the client of a session has not released: more need room below that share. */
  receivedIdsFree: 100,
  /** Bytes of a topic, and of a shared subscription with its group: they are routing keys and names of queues. */
  topicSizeMax: 255,
  /** Retained messages that somebody deletes by a filter and that are one atom. */
  retainedDeletedAtOnce: 500,
  /** Subscriptions of one session: its filters are looked at for its messages, and are rows of the log. */
  subscriptionsPerSessionMax: 10_000,
  /** Levels of all filters of one session: each is a node of two trees, of some 300 bytes. */
  levelsPerSessionMax: 100_000,
  /** Bytes of a topic filter. A longer one has no topic: each of its 256 levels is a plus, and the last is a hash. */
  filterSizeMax: 513,
  /** Subscriptions of all sessions: each takes some 500 bytes, of which the log keeps a row in memory. */
  subscriptionsMax: 2_000_000,
  /** Retained messages of one virtual host: the index takes some 200 bytes for each, besides its topic. */
  retainedMax: 10_000_000,
  /** Retained messages that expire and are looked for, each for itself. */
  retainedExpiringMax: 1_000_000,
  /** How often those that have expired are taken away. */
  retainedSweepMs: 10_000,
  /** Bytes of retained messages that are read together, at a start or for a subscription. */
  retainedReadSize: (1 * MiB) as number,
  /** Retained messages on their way to a subscription that wait in the session's queue: more come as these leave. */
  retainedAheadMax: 1000,
  /** Messages of a session that has ended which are looked at in a turn: some are for others who share a filter. */
  givenBackPerTurnMax: 256,
  /** From so many subscriptions on a session looks for those of a topic in a tree. */
  ownTreeAt: 8,
} as const
