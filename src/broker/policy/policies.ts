// The policies of a virtual host and what they make of an object: of the users' that apply to it the one
// with the highest priority, and of the operators' likewise, merged.
import type { Policy, EffectivePolicy, PolicyTarget } from './policy.ts'
import { appliesTo, mergeDefinitions } from './policy.ts'

/** Policies of users, or of operators. */
class PolicyList {
  readonly #byName = new Map<string, Policy>()
  /** The one that wins comes first; of equal ones that with the lower name. */
  #inOrder: readonly Policy[] = []

  get size(): number {
    return this.#byName.size
  }

  get inOrder(): readonly Policy[] {
    return this.#inOrder
  }

  find(name: string): Policy | undefined {
    return this.#byName.get(name)
  }

  put(policy: Policy): void {
    this.#byName.set(policy.name, policy)
    this.#sort()
  }

  delete(name: string): void {
    this.#byName.delete(name)
    this.#sort()
  }

  match(target: PolicyTarget): Policy | undefined {
    return this.#inOrder.find((policy) => appliesTo(policy, target))
  }

  #sort(): void {
    this.#inOrder = [...this.#byName.values()].toSorted(
      (a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1),
    )
  }
}

export class Policies {
  readonly #users = new PolicyList()
  readonly #operators = new PolicyList()
  /** User's policy → operator's policy → both. */
  readonly #merged = new Map<Policy | undefined, Map<Policy | undefined, EffectivePolicy>>()

  get isEmpty(): boolean {
    return this.#users.size === 0 && this.#operators.size === 0
  }

  find(isOperator: boolean, name: string): Policy | undefined {
    return this.#listOf(isOperator).find(name)
  }

  count(isOperator: boolean): number {
    return this.#listOf(isOperator).size
  }

  /** By falling priority. */
  list(isOperator: boolean): readonly Policy[] {
    return this.#listOf(isOperator).inOrder
  }

  /** Adds it, or replaces that of its name. */
  put(policy: Policy): void {
    this.#forget(this.find(policy.isOperator, policy.name))
    this.#listOf(policy.isOperator).put(policy)
  }

  /** A missing one is fine. */
  delete(isOperator: boolean, name: string): void {
    this.#forget(this.find(isOperator, name))
    this.#listOf(isOperator).delete(name)
  }

  /** What applies to an object. The same policies give the same result, by identity. */
  of(target: PolicyTarget): EffectivePolicy | undefined {
    if (this.isEmpty) return undefined
    const policy = this.#users.match(target)
    const operator = this.#operators.match(target)
    if (policy === undefined && operator === undefined) return undefined
    let byOperator = this.#merged.get(policy)
    if (byOperator === undefined) this.#merged.set(policy, (byOperator = new Map()))
    let merged = byOperator.get(operator)
    if (merged === undefined) {
      merged = {
        policy: policy?.name,
        operatorPolicy: operator?.name,
        definition: mergeDefinitions(policy?.definition, operator?.definition),
      }
      byOperator.set(operator, merged)
    }
    return merged
  }

  #listOf(isOperator: boolean): PolicyList {
    return isOperator ? this.#operators : this.#users
  }

  #forget(policy: Policy | undefined): void {
    if (policy === undefined) return
    this.#merged.delete(policy)
    for (const byOperator of this.#merged.values()) byOperator.delete(policy)
  }
}
