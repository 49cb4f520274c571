// AMQP 0-9-1 on a node of a cluster: its listeners, and the end of links that other nodes bring clients by.
import type { Socket } from 'node:net'
import type { Users } from '../auth/users.ts'
import type { Admission } from '../broker/admission.ts'
import { defaultVHost } from '../broker/broker.ts'
import { clusterNameDefault, clusterNameOf } from '../broker/cluster-name.ts'
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { Directory } from '../cluster/directory.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { AmqpEdge } from '../server/amqp/edge/amqp-edge.ts'
import { type Handover, handoverOf } from '../server/amqp/handover.ts'
import { takeOver } from '../server/byte-source.ts'
import type { IncomingLink, LinkHandler } from '../server/node-link/link-listener.ts'
import type { BrokerOptions } from '../settings/settings.ts'
import { AmqpRoutes } from './amqp-routes.ts'
import { amqpSettingsOf } from './amqp-settings-of.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** What is used of a node. */
export interface AmqpEdgeParts extends Pick<EdgeParts, 'cells' | 'links' | 'linkHandlers'> {
  readonly users: Users
  readonly memory: MemoryAccount
  /** Of the node. */
  readonly admission: Pick<Admission, 'admit' | 'mayEnter'>
  readonly directory: Directory
  readonly options: BrokerOptions
  readonly clock: Clock
  readonly logger: Logger
}

export interface AmqpEdgeServer extends ProtocolServer {
  /** How many clients that came in here other nodes serve. */
  readonly passedOnCount: number
}

export function openAmqpEdge({
  frame,
  users,
  admission,
  cluster,
  cells,
  links,
  linkHandlers,
}: EdgeParts): AmqpEdgeServer {
  const { options, clock, logger, memory } = frame
  const { directory } = cluster
  const { account } = memory
  const given = { options, clock, logger, directory, memory: account }
  return serveAmqpEdge({ ...given, users, admission, cells, links, linkHandlers })
}

/** Serves the ports of AMQP, and takes clients that other nodes bring. */
export function serveAmqpEdge(parts: AmqpEdgeParts): AmqpEdgeServer {
  const { users, memory, admission, clock, cells, linkHandlers } = parts
  const logger = parts.logger.child({ area: 'amqp' })
  linkHandlers.set('amqp', amqpLinkHandler(cells, logger))
  const edge = new AmqpEdge({
    users,
    memory,
    admission,
    clock,
    logger,
    clusterName: () => clusterNameIn(parts),
    settings: amqpSettingsOf(parts.options),
    routes: new AmqpRoutes(parts),
  })
  return {
    get passedOnCount() {
      return edge.passedOnCount
    },
    acceptorOf: () => (accepted) => {
      const { socket, source } = takeOver(accepted, true)
      edge.accept(socket, source)
    },
    // Those that are served here, too: they have come in at this node, or at others that pass them on.
    async endClients(reason) {
      const here = cells.all().map(({ amqp }) => amqp.endClients(reason))
      await Promise.all([edge.endClients(reason), ...here])
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  }
}

/** The cell of `/` has the name; it is known where that is served. */
function clusterNameIn({ cells, directory }: Pick<AmqpEdgeParts, 'cells' | 'directory'>): string {
  const served = cells.find(directory.vhosts.get(defaultVHost) ?? 0)
  return served === undefined ? clusterNameDefault : clusterNameOf(served.parts.cell.broker)
}

/** Takes the clients of AMQP that other nodes bring, for the listener of the node port. */
export function amqpLinkHandler(cells: ServedCells, logger: Logger): LinkHandler {
  return (link) => {
    const { cell, from } = link.preface
    const served = cells.find(cell)
    if (served === undefined) link.refuse('not-owner', `cell ${cell} is not served here`)
    else if (!served.amqp.mayEnter) link.refuse('no-memory', 'memory is nearly used up')
    else {
      try {
        adopt(link, served)
      } catch (error) {
        const { message } = error as Error
        logger.warn(`A client that ${from} passes on cannot be taken: ${message}`)
        link.refuse('unusable', message)
      }
    }
  }
}

/** Throws when the preface says too little of the client. */
function adopt(link: IncomingLink, { amqp, epoch }: ServedCell): void {
  const handover = handoverOf(link.preface.facts)
  const socket = link.accept(epoch)
  if (socket === undefined) return
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
