// Limits of leases: messages that requests by HTTP have got and not settled.
import { KiB, MiB } from './units.ts'

export const leaseLimits = {
  /** Messages of one request: one answer. */
  countMax: 100,
  /** Payloads of one answer, but for the last of them. */
  answerSizeMax: MiB as number,
  /** Turns in which a queue that has more brings nothing, before what has come is answered: others of its logs are read in one. */
  idleTurnsMax: 2,
  /** A larger payload is sent in parts, and always as base64. */
  wholePayloadSizeMax: MiB as number,
  /** Of such parts, before base64: they are divided by three. */
  partSize: (192 * KiB) as number,
  /** Who does not take a part for so long is gone. */
  partMsMax: 10_000,
  /** Payloads of answers that were not taken yet, of a user: one of the largest, or several smaller ones. */
  unsentPerUserMax: (16 * MiB) as number,
  /** All of them, but for the last. */
  unsentMax: (64 * MiB) as number,
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
