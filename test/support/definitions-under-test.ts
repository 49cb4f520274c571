// A broker in memory to import definitions into, and to look at what became of it.
import assert from 'node:assert/strict'
import { Users } from '../../src/auth/users.ts'
import type { AccessKeeper } from '../../src/broker/access-keeper.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { exportDefinitions } from '../../src/definitions/export-definitions.ts'
import { importDefinitions } from '../../src/definitions/import-definitions.ts'
import type { DefinitionsReport } from '../../src/definitions/report.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openManagedBroker } from './managed-broker.ts'

export type Lists = Record<string, Record<string, unknown>[]>

export class DefinitionsUnderTest {
  readonly broker: Broker
  readonly keeper: AccessKeeper

  constructor() {
    const { broker, keeper } = openManagedBroker()
    assert.ok(new Users({ access: broker.access, random: systemRandom }))
    this.broker = broker
    this.keeper = keeper
  }

  import(
    file: unknown,
    options: { readonly isCheck?: boolean; readonly vhost?: string } = {},
  ): Promise<DefinitionsReport> {
    const text = typeof file === 'string' ? file : JSON.stringify(file)
    return importDefinitions(this, { text, isCheck: false, ...options })
  }

  /** As text, which has exact numbers. */
  exportText(vhostName?: string): Promise<string> {
    const vhost = vhostName === undefined ? undefined : this.broker.getVHost(vhostName)
    const origin = { rabbitVersion: '4.2.0', clusterName: 'c' }
    return exportDefinitions(this.broker, { origin, vhost })
  }

  async export(vhostName?: string): Promise<Lists> {
    return JSON.parse(await this.exportText(vhostName)) as Lists
  }
}

/** What was reported of things that have a note or were not done: `outcome kind name: note`. */
export function rowTexts({ rows }: DefinitionsReport): string[] {
  return rows.map(({ kind, name, outcome, note = '' }) => `${outcome} ${kind} ${name}: ${note}`)
}
