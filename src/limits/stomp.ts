// Limits of STOMP connections. Where RabbitMQ's plugin has the same limit, it is the same number.
import { KiB } from './units.ts'

export const stompLimits = {
  /** A client that has not logged in by then is hanging. RabbitMQ's login_timeout. */
  loginMsMax: 10_000,
  /** Bytes of a frame before the login: nobody is known yet. */
  loginFrameSizeMax: (64 * KiB) as number,
  /** Headers of a frame. */
  headersMax: 100,
  /** Bytes of a header's line, as it came. */
  headerSizeMax: (100 * KiB) as number,
  /** Bytes of a command: the longest has eleven. */
  commandSizeMax: 32,
  /** What a header takes besides its bytes while its frame is not complete. */
  keptHeaderSize: 64,
  /** Properties and headers of a message: clients of AMQP get them in one frame. */
  messageHeadersSizeMax: (120 * KiB) as number,
  /** Transactions of one connection that are open at the same time. */
  transactionsMax: 16,
  /** Frames of one transaction. */
  transactionActionsMax: 1024,
  /** Subscriptions of one connection: as many as consumers of an AMQP channel. */
  subscriptionsMax: 65_536,
  /** Queues that a connection has made sure of: of more it makes sure again. */
  knownQueuesMax: 10_000,
  /** Reply queues (/temp-queue/…) of one connection: each has a name that the client made up. */
  replyQueuesMax: 1024,
  /** A peer that was promised to send something and is silent for so many times the interval is gone. */
  silentHeartBeatsMax: 3,
  /** The longest interval of heart-beats that is kept: clients may ask for any number. */
  heartBeatMsMax: 86_400_000,
  /** How long the peer has to take what it was sent last. */
  closeMsMax: 10_000,
  /** The same when the broker stops: it does not wait long for clients that are gone. */
  stopCloseMsMax: 2000,
} as const
