import type { ManagementParts } from '../admin/answers.ts'
import { AccessKeeper } from '../broker/access-keeper.ts'
import type { ProtocolParts } from './protocol-server.ts'

/** What the management API of a node looks at and changes. */
export function managementOf({
  cell,
  clients,
  options,
  logger,
  status,
  maintenance,
}: ProtocolParts): ManagementParts {
  const { broker } = cell
  return {
    broker,
    clients,
    logger,
    maintenance,
    source: { status },
    keeper: new AccessKeeper({ broker, clients, settingsVHosts: options.vhosts }),
    origin: { rabbitVersion: options.productVersion, clusterName: cell.clusterId },
  }
}
