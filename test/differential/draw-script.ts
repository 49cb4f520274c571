// Draws what the operations of a script are about, from a seed: a few names, so that what one operation
// leaves is met by the next.
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { Operation } from './operation.ts'

export type Draw = (script: Script) => Operation

/** Which draw comes how often. */
export type WeightedDraws = readonly (readonly [weight: number, draw: Draw])[]

/** Draws operations. Names begin with the seed, so that scripts can run side by side. */
export class Script {
  readonly random: Random
  /** What is to come soon, because of an operation before. */
  readonly soon: Operation[] = []
  readonly #prefix: string
  /** Whether it is about users and rights, too. */
  readonly hasAccess: boolean
  #messages = 0
  #tags = 0

  constructor(seed: number, hasAccess: boolean) {
    this.random = seededRandom(seed)
    this.hasAccess = hasAccess
    this.#prefix = `d${seed}`
  }

  chance(share: number): boolean {
    return this.random.next() < share
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)] as T
  }

  queue(): string {
    return `${this.#prefix}-q${this.random.below(3)}`
  }

  exchange(): string {
    const named = `${this.#prefix}-x${this.random.below(3)}`
    return this.chance(0.15) ? this.oneOf(['', 'amq.direct', 'amq.topic', 'amq.fanout']) : named
  }

  ownExchange(): string {
    return this.chance(0.05)
      ? this.oneOf(['', 'amq.direct', 'amq.new'])
      : `${this.#prefix}-x${this.random.below(3)}`
  }

  key(): string {
    if (this.hasAccess && this.chance(0.3)) return `${this.oneOf([this.user(), this.vhost()])}.a`
    return this.chance(0.4) ? this.queue() : this.oneOf(['a', 'a.b', 'a.b.c', 'b', '', '#', 'a.*'])
  }

  body(): string {
    return `m${this.#messages++}${'.'.repeat(this.random.below(12))}`
  }

  tag(): string {
    return this.chance(0.1) ? `${this.#prefix}-c0` : `${this.#prefix}-c${this.#tags++}`
  }

  usedTag(): string {
    return `${this.#prefix}-c${this.random.below(this.#tags + 1)}`
  }

  /** Its dot is one that a pattern could take for any character. */
  user(): string {
    return `${this.#prefix}.u${this.random.below(2)}`
  }

  vhost(): string {
    return this.chance(0.6) ? this.home : this.ownVHost
  }

  /** The virtual host that is there as long as the script is. */
  get home(): string {
    return `${this.#prefix}-h`
  }

  /** One that the script makes and deletes. */
  get ownVHost(): string {
    return `${this.#prefix}-v`
  }

  get prefix(): string {
    return this.#prefix
  }

  /** An operation as often as its weight says. */
  drawOf(draws: WeightedDraws): Operation {
    let left = this.random.below(draws.reduce((sum, [weight]) => sum + weight, 0))
    const [, draw] = draws.find(([weight]) => (left -= weight) < 0) as WeightedDraws[number]
    return draw(this)
  }
}
