// Attacks, and what is known of one when it is over.
import type { Target } from './wire.ts'

export type Attack = (target: Target) => Promise<void>

/** What one attack has done, told by the attacker in a line of JSON. */
export interface Outcome {
  readonly kind: string
  /** Connections that the broker has let in and answered. */
  readonly opened: number
  /** Bytes that the broker's side has taken. */
  readonly sentSize: number
  /** Connections that the broker has ended. */
  readonly ended: number
  /** Codes of AMQP's closes that have come. */
  readonly codes: readonly number[]
}
