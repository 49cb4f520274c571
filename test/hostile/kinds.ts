// All attacks by name, and a choice of them.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { amqpAttacks } from './amqp-attacks.ts'
import type { Attack } from './attack.ts'
import { kafkaAttacks } from './kafka-attacks.ts'

export const attacks: Readonly<Record<string, Attack>> = { ...amqpAttacks, ...kafkaAttacks }

/**
 * Attacks that still end a broker with a heap of 128 MiB, and are run only by name: requests of a client
 * that is gone go on in slices and are counted no longer, so new ones are let in beside them.
 */
const unmended: readonly string[] = ['fetchSessions']

/** Those that a broker survives. */
export const survivedKinds: readonly string[] = Object.keys(attacks).filter(
  (kind) => !unmended.includes(kind),
)

/** `count` of them that follow from `seed`. */
export function chooseKinds(seed: number, count: number): string[] {
  const random = seededRandom(seed)
  const left = [...survivedKinds]
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1).join())
}
