// The one door for chance. Names and salts come from `systemRandom`; tests and simulation pass a
// `seededRandom`, so a run can be repeated from one printed number.
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

/** Repeatable randomness from `seed` (mulberry32). Never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    below,
    bytes: (size) => Buffer.from(Array.from({ length: size }, () => below(256))),
  }
}
