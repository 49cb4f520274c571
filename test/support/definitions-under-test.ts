// A broker in memory to import definitions into, and to look at what became of it.
import assert from 'node:assert/strict'
import { Users } from '../../src/auth/users.ts'
import { AccessKeeper } from '../../src/broker/access-keeper.ts'
import { Broker } from '../../src/broker/broker.ts'
import { ClientRegistry } from '../../src/broker/client/client-registry.ts'
import { exportDefinitions } from '../../src/definitions/export-definitions.ts'
import { importDefinitions } from '../../src/definitions/import-definitions.ts'
import type { DefinitionsReport } from '../../src/definitions/report.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Turn } from '../../src/lib/turn.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'

export type Lists = Record<string, Record<string, unknown>[]>

export class DefinitionsUnderTest {
  readonly broker: Broker
  readonly keeper: AccessKeeper

  constructor() {
    const clock = systemClock
    const turn = new Turn(clock)
    this.broker = new Broker({
      store: new MemoryLogStore({ clock, turn }),
      turn,
      random: systemRandom,
      clock,
      vhosts: [],
      onDamaged: (_queue, _offset, error) => assert.fail(error),
    })
    assert.ok(new Users({ access: this.broker.access, random: systemRandom }))
    const clients = new ClientRegistry(clock)
    this.keeper = new AccessKeeper({ broker: this.broker, clients, settingsVHosts: [] })
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
