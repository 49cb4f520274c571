// Limits of leases: messages that requests by HTTP have got and not settled.
import { MiB } from './units.ts'

export const leaseLimits = {
  /** Messages of one request: one answer. */
  countMax: 100,
  /** Payloads of one answer, but for the last of them. */
  answerSizeMax: MiB as number,
  /** Leases of a user: each is a timer and some 500 bytes. */
  perUserMax: 10_000,
  /** All of them: some 50 MB. */
  sumMax: 100_000,
  /** Requests of a user that wait for messages: a program has a few. */
  waitsPerUserMax: 100,
  /** All of them: half of the connections that HTTP has, so that others are answered. */
  waitsMax: 500,
  /** How long a request waits: proxies end one that is quiet for 30 seconds. */
  waitMsMax: 20_000,
  /** A lease: what RabbitMQ lets a delivery be unacked. */
  secondsMax: 1800,
  /** Receipts that one request settles. */
  settledMax: 1000,
  /** Bytes of chance: nobody guesses one. */
  receiptSize: 18,
  /** Who has too many is told to come again then. */
  retrySeconds: 1,
} as const
