// Limits of those who have parts of the HTTP API sent to them as they change.
import { MiB } from './units.ts'

export const liveLimits = {
  /** Views of a connection: a page of the UI has some ten, and their paths are one URL of at most 16 KiB. */
  viewsMax: 32,
  /** Bytes of an answer: a page of 500 queues has half of it. Whoever wants more asks once, by itself. */
  answerSizeMax: (1 * MiB) as number,
  /** Views of a connection that are made at once, so that a dear one does not hold up the others; each may be an answer. */
  atOnceMax: 2,
  /** Views of all connections that are made at once: the others wait, so that one after the other is done. */
  madeAtOnceMax: 8,
  /** Connections of a login: one for each window of a browser, and teams share logins. */
  connectionsPerUserMax: 32,
  /** All of them: with `atOnceMax` answers each 256 MB at most, and only while nobody reads. */
  connectionsMax: 128,
  /** How often a view is made: numbers that change faster are hard to read. */
  everyMs: 1000,
  /** And at least so often, because one turn in which nothing worked must not stop a view for good. */
  everyMsMax: 60_000,
  /** A view rests for so many times as long as its making takes: it costs 5 % of a processor at most. */
  restFactor: 20,
  /** And for so many times as long as all views of all connections take: they cost a fifth together, of which each user has the same share. */
  restFactorOfAll: 5,
  /** A view whose making failed is made again after that: each time is a line in the log. */
  faultMs: 10_000,
  /** How often the time is told, which also keeps the connection: proxies end what is quiet for half a minute. */
  timeMs: 5000,
  /** A connection that takes nothing for so long ends, as what was made for it is in memory. */
  stuckMs: 30_000,
  /** After so long a client is to come back. */
  retryMs: 1000,
} as const
