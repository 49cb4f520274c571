// A broker in memory, and what changes its users and virtual hosts, without a node around them.
import assert from 'node:assert/strict'
import type { ManagementParts } from '../../src/admin/answers.ts'
import { AuditLog } from '../../src/admin/audit-log.ts'
import { LiveConnections } from '../../src/admin/v1/live-connections.ts'
import { Users } from '../../src/auth/users.ts'
import { AccessKeeper } from '../../src/broker/access-keeper.ts'
import type { BrokerOptions } from '../../src/broker/broker-options.ts'
import { Broker, defaultVHost } from '../../src/broker/broker.ts'
import { MessageStreams } from '../../src/broker/browse/message-streams.ts'
import { ClientRegistry } from '../../src/broker/client/client-registry.ts'
import { Leases } from '../../src/broker/lease/leases.ts'
import { Sessions } from '../../src/broker/session/sessions.ts'
import { Statistics } from '../../src/broker/statistics/statistics.ts'
import { ProducerIds } from '../../src/broker/topic/producer-ids.ts'
import { openGroups } from '../../src/cell/open-groups.ts'
import { openSetAside } from '../../src/cell/open-set-aside.ts'
import { openShareGroups } from '../../src/cell/open-share-groups.ts'
import { openTransactions } from '../../src/cell/open-transactions.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Turn } from '../../src/lib/turn.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import { statusOf } from './broker-status.ts'

export type ManagedBroker = Pick<
  ManagementParts,
  | 'broker'
  | 'keeper'
  | 'clients'
  | 'statistics'
  | 'source'
  | 'figures'
  | 'newTopics'
  | 'groups'
  | 'setAside'
  | 'transactions'
  | 'shareGroups'
  | 'mqtt'
  | 'countFiles'
  | 'logins'
  | 'settings'
  | 'audit'
  | 'leases'
  | 'streams'
  | 'live'
  | 'messageSizeMax'
>

/** `vhosts` are those of the settings. */
export function openManagedBroker(
  vhosts: readonly string[] = [],
  options: Pick<BrokerOptions, 'hasNoDefaultVHost'> = {},
): ManagedBroker {
  const clock = systemClock
  const turn = new Turn(clock)
  const broker = new Broker({
    store: new MemoryLogStore({ clock, turn }),
    turn,
    random: systemRandom,
    clock,
    vhosts,
    ...options,
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })
  return manage(broker, vhosts)
}

/** `vhosts` are those of the settings. */
export function manage(broker: Broker, vhosts: readonly string[] = []): ManagedBroker {
  const clients = new ClientRegistry(broker.clock)
  const vhost = broker.getVHost(defaultVHost)
  const groups = openGroups(broker, vhost, new Map())
  const sessions = new Sessions(broker, { exchange: 'amq.topic', keepsQos0: false })
  return {
    broker,
    clients,
    statistics: new Statistics({ broker, clients, clock: broker.clock }),
    keeper: new AccessKeeper({ broker, clients, settingsVHosts: vhosts }),
    source: { status: () => statusOf('ready') },
    figures: () => statusOf('ready'),
    countFiles: () => Promise.resolve({ open: 10, max: 1000 }),
    logins: new Users({ access: broker.access, random: broker.random }).logins,
    settings: [{ setting: 'data', value: './data', origin: 'default', description: 'Where' }],
    audit: new AuditLog(),
    messageSizeMax: 1_000_000,
    leases: new Leases({ broker, clients }),
    streams: new MessageStreams(broker),
    live: new LiveConnections(broker.clock),
    newTopics: { partitionCount: 1, spread: () => 0, whenFollowed: () => Promise.resolve() },
    groups,
    setAside: openSetAside(broker, { groups, vhost }, undefined),
    transactions: openTransactions({
      broker,
      vhost,
      producerIds: new ProducerIds(broker.store, new Map()),
      members: [],
      state: new Map(),
      logger: silentLogger,
    }),
    shareGroups: openShareGroups(broker, groups, new Map(), silentLogger),
    mqtt: { sessions, openSessions: () => Promise.resolve(sessions) },
  }
}
