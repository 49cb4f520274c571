import type { ManagementParts } from '../admin/answers.ts'
import { AccessKeeper } from '../broker/access-keeper.ts'
import { shownSettings } from '../settings/shown-settings.ts'
import type { ProtocolParts } from './protocol-server.ts'

/** What the management API of a node looks at and changes. */
export function managementOf({
  cell,
  clients,
  statistics,
  options,
  logger,
  status,
  figures,
  maintenance,
  openDemo,
  countFiles,
  users,
  audit,
  leases,
  streams,
  live,
  origins,
  memory,
  sharedVHosts,
  spread,
}: ProtocolParts): ManagementParts {
  const { broker } = cell
  return {
    broker,
    clients,
    statistics,
    logger,
    maintenance,
    openDemo,
    countFiles,
    audit,
    leases,
    streams,
    live,
    messageSizeMax: options.maxMessageSize,
    settings: shownSettings(options, origins),
    logins: users.logins,
    source: { status },
    figures,
    newTopics: {
      partitionCount: options.kafkaNumPartitions,
      spread: () => spread?.spread() ?? 0,
      whenFollowed: () => spread?.whenFollowed() ?? Promise.resolve(),
    },
    groups: cell.groups,
    setAside: cell.setAside,
    transactions: cell.transactions,
    shareGroups: cell.shareGroups,
    mqtt: cell,
    keeper: new AccessKeeper({ broker, clients, settingsVHosts: options.vhosts, sharedVHosts }),
    backUp: cell.backUp,
    backups: cell.backups,
    memoryBudgets: memory.budgets,
    origin: { rabbitVersion: options.productVersion, clusterName: cell.clusterId },
  }
}
