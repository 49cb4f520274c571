import type { Users } from '../auth/users.ts'
import type { Admission } from '../broker/admission.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { LinkCipher } from '../server/node-link/link-cipher.ts'
import type { ClientsAtNodes } from './clients-at-nodes.ts'
import type { ClusterApi } from './cluster-api.ts'
import type { NodeFrame } from './node-frame.ts'
import type { OwnerRoutes } from './owner-routes.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCells } from './served-cells.ts'

/** What takes clients in on any node of a cluster, wherever what they want is. */
export interface EdgeParts {
  readonly frame: NodeFrame
  readonly users: Users
  /** Whether new clients are let in at all. */
  readonly admission: Admission
  readonly cluster: Cluster
  /** Those that this node serves itself. */
  readonly cells: ServedCells
  readonly owners: OwnerRoutes
  readonly api: ClusterApi
  /** Of what nodes say to each other. */
  readonly cipher: LinkCipher
  /** Counts what users with limits have at other nodes. */
  readonly atNodes: ClientsAtNodes
}

export type OpenEdge = (parts: EdgeParts) => Promise<ProtocolServer>
