// Limits of carrying data folders into clusters and out of them.
import { MiB } from './units.ts'

export const carryLimits = {
  /** An open file is written in pieces of this size: each is one statement of PostgreSQL, and in memory three times. */
  pieceSize: (1 * MiB) as number,
  /** A cell whose owner does not show that it lives for so long may be taken: nodes themselves wait a second less. */
  ownerLooksMax: 9,
}
