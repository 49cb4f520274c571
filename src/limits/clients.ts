// Limits of connections that publish and consume messages one by one, whichever protocol they speak.
import { KiB, MiB } from './units.ts'

export const clientLimits = {
  /** Dispatch to a connection stops while more than this is unsent. */
  outputSizeMax: (1 * MiB) as number,
  /** With more than this unsent, in answers and beside them, the connection is not read. */
  unreadSizeMax: (4 * MiB) as number,
  /** A peer that takes nothing for so long is ended. RabbitMQ's send_timeout. */
  sendTimeoutMs: 30_000,
  /** What is sent is gathered in pieces of this size before it is written. */
  outputSlabSizeMax: (64 * KiB) as number,
  /** Larger bodies are sent from where they are instead of being copied. */
  copiedBodySizeMax: (16 * KiB) as number,
  /** Frames and messages of one connection that wait (for the disk, or while publishers are blocked). */
  parkedSizeMax: (4 * MiB) as number,
  /** What keeping a frame takes beside its payload: tiny ones must not get past the limits. */
  keptFrameSize: 128,
  /** What handling frames takes of a turn: of a pipeline of small ones, the rest waits. */
  framesMs: 20,
  /** A connection asks for the time after so many frames, a fraction of a millisecond. */
  framesPerLook: 16,
  /** Each connection that waits keeps up to 256 KiB that it has read: 64 MiB together. */
  yieldingConnectionsMax: 256,
  /** Times that a channel notes while its oldest delivery is unacked, even: with more of them they get coarser. */
  ackMarksMax: 256,
} as const
