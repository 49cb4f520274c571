import type { Users } from '../auth/users.ts'
import type { Admission } from '../broker/admission.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { LinkHandlers } from '../server/node-link/link-listener.ts'
import type { NodeLinks } from '../server/node-link/node-links.ts'
import type { NodeFrame } from './node-frame.ts'
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
  /** To the other nodes. */
  readonly links: NodeLinks
  /** Who takes what other nodes bring: each protocol registers itself. */
  readonly linkHandlers: LinkHandlers
}

export type OpenEdge = (parts: EdgeParts) => Promise<ProtocolServer>
