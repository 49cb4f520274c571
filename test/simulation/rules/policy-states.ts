// The policies that clients know of: of one whose change was not answered any of several may be in force.
import { isDeepStrictEqual } from 'node:util'
import type { PolicyDefinition } from '../../../src/meta/topology-change.ts'

export type PolicyOwner = 'user' | 'operator'

/** Undefined: there is none. */
type Definition = PolicyDefinition | undefined

export class PolicyStates {
  readonly #possible: Record<PolicyOwner, Definition[]> = {
    user: [undefined],
    operator: [undefined],
  }

  /** It is being changed. */
  onAsked(owner: PolicyOwner, definition: Definition): void {
    this.#possible[owner].push(definition)
  }

  /** The change is in force for good. */
  onDone(owner: PolicyOwner, definition: Definition): void {
    this.#possible[owner] = [definition]
  }

  mayBe(owner: PolicyOwner, definition: Definition): boolean {
    return this.#possible[owner].some((possible) => isDeepStrictEqual(possible, definition))
  }

  /** The time to live that is in force for certain, in ms. */
  get ttlMs(): number | undefined {
    return this.#certain('message-ttl')
  }

  /** The length that is in force for certain. */
  get lengthMax(): number | undefined {
    return this.#certain('max-length')
  }

  /** Of both policies the lower value counts. */
  #certain(key: string): number | undefined {
    const values = Object.values(this.#possible)
      .filter((possible) => possible.length === 1)
      .flatMap(([definition]) => (definition?.[key] as number | undefined) ?? [])
    return values.length === 0 ? undefined : Math.min(...values)
  }

  toString(): string {
    return JSON.stringify(this.#possible)
  }
}
