// Policies that come, change and go through the local socket while the broker is killed. An answered
// change must be there after the restart; the one that was under way, or not.

import assert from 'node:assert/strict'
import { BrokerClient } from '../../src/cli/broker-client.ts'
import type { Random } from '../../src/lib/random.ts'
import type { Ledger } from './ledger.ts'
import type { Load } from './load.ts'

interface Shown {
  readonly name: string
  readonly definition: { readonly 'max-length': number }
}

const kinds = ['policies', 'operator-policies'] as const
const namesPerKind = 4
const absent = 'absent'

export class PolicyChurn {
  readonly #client: BrokerClient
  /** Kind and name → what it may be: its limit, or absent. */
  readonly #possible = new Map<string, Set<string>>()

  constructor(dataFolder: string) {
    this.#client = new BrokerClient(dataFolder)
  }

  /** Sets and deletes policies that apply to nothing, one after the other. */
  async changeUntilKilled(load: Load, name: string, random: Random): Promise<void> {
    while (!load.isOver) {
      const kind = kinds[random.below(kinds.length)]!
      const policy = `p${random.below(namesPerKind)}`
      const key = `${kind} ${policy}`
      const next = random.below(4) === 0 ? absent : String(random.below(1_000_000))
      this.#possibleOf(key).add(next)
      load.ledger.history.note(name, `${key} → ${next}`)
      try {
        await this.#change([kind, '/', policy], next)
      } catch (error) {
        if (load.isOver) return
        throw error
      }
      this.#possible.set(key, new Set([next]))
    }
  }

  /** Adds what is wrong to the ledger's violations and makes what is there the truth. */
  async check(ledger: Ledger): Promise<void> {
    for (const kind of kinds) {
      const { body } = await this.#client.ask('GET', [kind])
      const shown = new Map((body as Shown[]).map((policy) => [policy.name, policy]))
      for (let number = 0; number < namesPerKind; number++) {
        const policy = `p${number}`
        const found = String(shown.get(policy)?.definition['max-length'] ?? absent)
        const key = `${kind} ${policy}`
        const possible = this.#possibleOf(key)
        if (!possible.has(found)) {
          ledger.violate(key, '', `should be ${[...possible].join(' or ')} and is ${found}`)
        }
        this.#possible.set(key, new Set([found]))
      }
    }
  }

  async #change(segments: readonly string[], next: string): Promise<void> {
    if (next === absent) {
      const { status } = await this.#client.ask('DELETE', segments)
      assert.ok(status === 204 || status === 404, `DELETE: ${status}`)
      return
    }
    const policy = { pattern: '^nothing is called so$', definition: { 'max-length': Number(next) } }
    const { status } = await this.#client.ask('PUT', segments, policy)
    assert.ok(status === 201 || status === 204, `PUT: ${status}`)
  }

  #possibleOf(key: string): Set<string> {
    const known = this.#possible.get(key)
    if (known !== undefined) return known
    const none = new Set([absent])
    this.#possible.set(key, none)
    return none
  }
}
