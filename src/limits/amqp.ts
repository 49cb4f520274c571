// Limits of AMQP connections and channels.
import { KiB, MiB } from './units.ts'

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
  /** Dispatch to a connection stops while more than this is unsent. */
  outputSizeMax: (1 * MiB) as number,
  /** With more than this unsent, in answers and beside them, the connection is not read. */
  unreadSizeMax: (4 * MiB) as number,
  /** A peer that takes nothing for so long is ended. RabbitMQ's send_timeout. */
  sendTimeoutMs: 30_000,
  /** Frames are gathered in pieces of this size before they are written. */
  outputSlabSizeMax: (64 * KiB) as number,
  /** Larger bodies are sent from where they are instead of being copied. */
  copiedBodySizeMax: (16 * KiB) as number,
  /** Frames and messages of one connection that wait (for the disk, or while publishers are blocked). */
  parkedSizeMax: (4 * MiB) as number,
  /** What keeping a frame takes beside its payload: tiny ones must not get past the limits. */
  keptFrameSize: 128,
  /** Direct replies to a connection that does not read are dropped beyond this. */
  unreadRepliesSizeMax: (16 * MiB) as number,
  /** What handling frames takes of a turn: of a pipeline of small methods, the rest waits. */
  framesMs: 20,
  /** A connection asks for the time after so many frames, a fraction of a millisecond. */
  framesPerLook: 16,
  /** Each connection that waits keeps up to 256 KiB that it has read: 64 MiB together. */
  yieldingConnectionsMax: 256,
  /** Times that a channel notes while its oldest delivery is unacked, even: with more of them they get coarser. */
  ackMarksMax: 256,
  /** Consumers of one channel. */
  consumersPerChannelMax: 65_536,
} as const
