// The one door for chance. Names and salts come from `systemRandom`; tests and simulation pass a seeded
// one, so a run can be repeated from one printed number.
import { randomBytes } from 'node:crypto'

/** Source of randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [0, bound). */
  below(bound: number): number
  /** `size` random bytes. */
  bytes(size: number): Buffer
}

/** Unpredictable randomness from the operating system. */
export const systemRandom: Random = {
  next: () => Math.random(),
  below: (bound) => Math.floor(Math.random() * bound),
  bytes: (size) => randomBytes(size),
}
