// Limits of leases: messages that requests by HTTP have got and not settled.
import { MiB } from './units.ts'

export const leaseLimits = {
  /** Messages of one request: one answer, which is made at once. */
  countMax: 100,
  /** Payloads of one answer, but for the last of them. */
  answerSizeMax: MiB as number,
  /** Leases of a user and room that its waiting requests asked for: each lease is a timer and some 300 bytes. */
  perUserMax: 10_000,
  /** All of them: some 30 MB. */
  sumMax: 100_000,
  /** How long a request waits: proxies end one that is quiet for 30 seconds. */
  waitMsMax: 20_000,
  /** A lease: what RabbitMQ lets a delivery be unacked. */
  secondsMax: 1800,
  /** Receipts that one request settles. */
  settledMax: 1000,
  /** Bytes of chance: nobody guesses one. */
  receiptSize: 18,
  /** What waiting requests are listed as. */
  consumerTag: 'http',
} as const
