// AMQP 0-9-1 on a node of a cluster: its listeners, and the end of links that other nodes bring clients by.
import type { Socket } from 'node:net'
import type { Directory } from '../cluster/directory.ts'
import type { Logger } from '../lib/logger.ts'
import { AmqpEdge } from '../server/amqp/edge/amqp-edge.ts'
import type { EdgeParts as EdgeContextParts } from '../server/amqp/edge/edge-context.ts'
import { type Handover, handoverOf } from '../server/amqp/handover.ts'
import { takeOver } from '../server/byte-source.ts'
import type { IncomingLink, LinkHandler } from '../server/node-link/link-listener.ts'
import type { BrokerOptions } from '../settings/settings.ts'
import { AmqpRoutes } from './amqp-routes.ts'
import { amqpSettingsOf } from './amqp-settings-of.ts'
import type { ClientsAtNodes } from './clients-at-nodes.ts'
import type { EdgeParts } from './edge-parts.ts'
import { linkToCell } from './link-to-cell.ts'
import type { OwnerRoutes } from './owner-routes.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** What AMQP uses of a node. */
export interface AmqpEdgeParts extends Omit<EdgeContextParts, 'settings' | 'routes'> {
  readonly options: BrokerOptions
  readonly directory: Pick<Directory, 'vhosts'>
  readonly cells: ServedCells
  readonly owners: OwnerRoutes
  readonly atNodes: Pick<ClientsAtNodes, 'enter'>
}

export function openAmqpEdge(parts: EdgeParts): ProtocolServer {
  const { frame, users, admission, cluster, cells, owners, atNodes } = parts
  const { options, clock, logger, memory } = frame
  const { directory } = cluster
  return serveAmqpEdge({
    options,
    users,
    admission,
    directory,
    cells,
    owners,
    atNodes,
    clock,
    memory: memory.account,
    logger: logger.child({ area: 'amqp' }),
    clusterName: () => directory.clusterId,
  })
}

/** Serves the ports of AMQP. Cells end the clients that they serve themselves. */
export function serveAmqpEdge(parts: AmqpEdgeParts): ProtocolServer {
  const { cells } = parts
  const settings = amqpSettingsOf(parts.options)
  const edge = new AmqpEdge({ ...parts, settings, routes: new AmqpRoutes(parts) })
  parts.owners.passedOn.set('amqp', () => edge.passedOnCount)
  return {
    acceptorOf: () => (accepted) => {
      const { socket, source } = takeOver(accepted, true)
      edge.accept(socket, source)
    },
    // Those that are served here, too, whichever node they have come to.
    async endClients(reason) {
      const here = cells.all().map(({ amqp }) => amqp.endClients(reason))
      await Promise.all([edge.endClients(reason), ...here])
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  }
}

/** Takes the clients of AMQP that other nodes bring, for the listener of the node port. */
export function amqpLinkHandler(
  cells: ServedCells,
  logger: Logger,
  atNodes: Pick<ClientsAtNodes, 'enter'>,
): LinkHandler {
  return linkToCell({ cells, logger }, (link, served) => {
    const handover = handoverOf(link.preface.facts)
    const entering = atNodes.enter(handover.principal.user)
    if (entering === undefined) adopt(link, served, handover)
    else
      void entering.then(() => {
        if (cells.find(served.cell) === served) adopt(link, served, handover)
        else link.refuse('not-owner', `cell ${served.cell} is not served here any more`)
      })
  })
}

function adopt(link: IncomingLink, { amqp, epoch }: ServedCell, handover: Handover): void {
  if (!amqp.mayEnter) {
    link.refuse('no-memory', 'memory is nearly used up')
    return
  }
  const socket = link.accept(epoch)
  if (socket === undefined) return
  // Before the socket is taken over, and has nothing to say any more.
  const client = lessOwnBytes(handover, socket)
  amqp.adopt(takeOver(socket), client, noBytes)
}

/** What nodes have said to each other is nothing that the client has sent or got. */
function lessOwnBytes(handover: Handover, { bytesRead, bytesWritten }: Socket): Handover {
  const { peer } = handover
  const receivedBefore = peer.receivedBefore - bytesRead
  return {
    ...handover,
    peer: { ...peer, receivedBefore, sentBefore: peer.sentBefore - bytesWritten },
  }
}

const noBytes: Buffer = Buffer.alloc(0)
