// Limits of AMQP connections and channels.
import { MiB } from './units.ts'

export const amqpLimits = {
  /** A client that has not opened its connection by then is hanging. RabbitMQ's handshake_timeout. */
  handshakeMsMax: 10_000,
  /** How long a refused client without a way to be told is kept waiting, as RabbitMQ does. */
  refusedLoginMs: 3000,
  /** How long the peer has to answer connection.close. */
  closeMsMax: 10_000,
  /** The same when the broker stops: it does not wait long for clients that are gone. */
  stopCloseMsMax: 2000,
  /** Frames before tune-ok. RabbitMQ's initial_frame_max. */
  handshakeFrameSizeMax: 8192,
  /** The smallest frame_max a client may ask for (AMQP 0-9-1 §4.2.3). */
  frameMaxMin: 4096,
  /** The same for strict brokers: RabbitMQ from 4.1 on. */
  strictFrameMaxMin: 8192,
  /** Direct replies to a connection that does not read are dropped beyond this. */
  unreadRepliesSizeMax: (16 * MiB) as number,
  /** Consumers of one channel. */
  consumersPerChannelMax: 65_536,
} as const
