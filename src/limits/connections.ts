// What the list of connections takes for worth a word, and how much of one it shows.

export const connectionLimits = {
  /** Channels of one connection that are shown. */
  channelsShownMax: 100,
  /** Consumers of one channel that are shown. */
  consumersShownMax: 100,
  /** Connections that one request closes. */
  closedAtOnceMax: 1000,
  /** A prefetch up to that holds a consumer up while each ack is on its way. */
  smallPrefetchMax: 10,
  /** Unacked without any limit: a consumer that gets all of a queue at once. */
  unboundedUnackedMin: 1000,
  /** The oldest delivery is unacked for so long before that is said. */
  heldMs: 60_000,
  /** Acks a second from which on it matters that each is a frame of its own. */
  singleAcksMin: 1000,
  /** Bytes of a frame with one ack: whoever sends fewer for each acks several at once. */
  ackFrameSize: 21,
  /** Channels that were opened, for hardly more messages. */
  churnedChannelsMin: 20,
  /** Messages that were published, before it is said that nobody waits for confirms. */
  unconfirmedMin: 10,
  /** Bytes that a client does not read. */
  unreadSizeMin: 1_000_000,
} as const
