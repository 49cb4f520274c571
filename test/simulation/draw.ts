// Choices by chance, as clients and plans make them.
import type { Random } from '../../src/lib/random.ts'

export class Draw {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  /** A whole number from … to. */
  between(from: number, to: number): number {
    return from + this.#random.below(to - from + 1)
  }

  /** A number from 0 to `max`, small ones more often. */
  small(max: number): number {
    return Math.floor(this.#random.next() ** 3 * (max + 1))
  }

  /** Any time up to `max`. */
  time(max: number): number {
    return this.#random.next() * max
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)] as T
  }

  /** 0 as often as not, else up to `max`: what a seed leaves out leaves room for the rest. */
  weight(max: number): number {
    return this.chance(0.4) ? 0 : this.#random.next() * max
  }

  /** A key, by the weights of all; undefined when all weigh nothing. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name | undefined {
    const entries = Object.entries(weights) as [Name, number][]
    let left = this.#random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      if (weight > 0 && left < weight) return name
      left -= weight
    }
    return undefined
  }
}
