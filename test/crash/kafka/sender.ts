// What a producer of the crash test can do, whoever's client it is.

import type { BaseOffsets, Send } from './record-ledger.ts'

/** A connected idempotent producer. It goes on by itself when the broker dies and comes back. */
export interface Sender {
  /** How many sends it may have on their way. */
  readonly inFlightMax: number
  /** Resolves with what the broker answered. Rejects only when the producer has given up. */
  send(send: Send): Promise<BaseOffsets>
  close(): Promise<void>
}

export interface SenderTarget {
  readonly port: number
  readonly topic: string
}
