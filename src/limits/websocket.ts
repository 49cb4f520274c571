// Limits of WebSocket, below the protocols within.
import { KiB } from './units.ts'

export const webSocketLimits = {
  /** Connections that have not asked yet for what they want; one more ends the oldest. */
  handshakesMax: 512,
  /** From a connection to its request. */
  handshakeMsMax: 10_000,
  /** Largest frame before the first answer: a CONNECT of MQTT may have 64 KiB, and RabbitMQ adds so much for the rest. */
  firstFrameSizeMax: (64 * KiB + 4096) as number,
  /** A frame may have so much more than the largest packet. */
  frameSpareSize: 4096,
  /** Who has sent nothing for so long is pinged, and who does not answer for so long is gone. Proxies end after 60 s. */
  pingMs: 20_000,
  /** A client that was told of the end may take so long to go. */
  closeMsMax: 2000,
} as const
