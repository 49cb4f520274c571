// Limits of `pabal bench`, which is a client in one process.
import { MiB } from './units.ts'

export const benchLimits = {
  /** Each has a connection; more of them measure this process. */
  clientsMax: 256,
  secondsMax: 3600,
  messageSizeMax: (16 * MiB) as number,
  rateMax: 10_000_000,
  /** Messages of one publisher that wait for their confirm. */
  windowMax: 65_535,
  /** Unacked messages of one consumer, as clients that are in a hurry have it. */
  prefetch: 500,
  /** Sent in a row by one publisher before others have their turn. */
  burst: 100,
  /** With a rate, publishers look so often at what is due. */
  rateLookMs: 2,
  /** What is on its way at the end is waited for so long: then it is said to be left. */
  settleMsMax: 2000,
  /** A queue of a bench that was killed goes by itself when nobody used it for so long. */
  queueExpiresMs: 60_000,
} as const
