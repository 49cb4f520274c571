// All attacks by name, and a choice of them.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { amqpAttacks } from './amqp-attacks.ts'
import type { Attack } from './attack.ts'
import { kafkaAttacks } from './kafka-attacks.ts'

export const attacks: Readonly<Record<string, Attack>> = { ...amqpAttacks, ...kafkaAttacks }

export const allKinds: readonly string[] = Object.keys(attacks)

/** `count` of them that follow from `seed`. */
export function chooseKinds(seed: number, count: number): string[] {
  const random = seededRandom(seed)
  const left = [...allKinds]
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1).join())
}
