// Limits of those who follow a stream by HTTP, or export it.
import { KiB } from './units.ts'

export const tailLimits = {
  /** Tails of a login at once: some for each window of a browser. */
  tailsPerUserMax: 32,
  /** All of them: each holds a page and what its socket has not taken, so 100 MB at most. */
  tailsMax: 256,
  /** Exports of a login at once. */
  exportsPerUserMax: 4,
  /** All of them: each may hold a message of the largest size. */
  exportsMax: 16,
  /** Logs that one is over: each event names the place in all of them, which comes back in a header. */
  partsMax: 256,
  /** Messages of a page. */
  countMax: 100,
  /** Bytes of a payload that an event shows. */
  payloadSizeMax: (256 * KiB) as number,
  /** Of the last messages that a tail begins with. */
  lastCountMax: 1000,
  /** Proxies end what is quiet for half a minute. */
  heartbeatMs: 15_000,
  /** After so long a client is to come back. */
  retryMs: 1000,
  /** Characters of a place: `partsMax` of them. */
  placeLengthMax: (10 * KiB) as number,
  /** Bytes of base64 that are made of a large payload at a time; a multiple of 3. */
  encodedAtOnceSize: 196_608,
} as const
