// Chance that repeats itself: a run of a test or a simulation is found again by its seed.
import type { Random } from '../lib/random.ts'

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
