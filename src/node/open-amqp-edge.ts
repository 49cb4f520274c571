// AMQP 0-9-1 on a node of a cluster: its listeners, and the end of links that other nodes bring clients by.
import type { Socket } from 'node:net'
import type { Logger } from '../lib/logger.ts'
import { AmqpEdge } from '../server/amqp/edge/amqp-edge.ts'
import { type Handover, handoverOf } from '../server/amqp/handover.ts'
import { takeOver } from '../server/byte-source.ts'
import type { IncomingLink, LinkHandler } from '../server/node-link/link-listener.ts'
import { AmqpRoutes } from './amqp-routes.ts'
import { amqpSettingsOf } from './amqp-settings-of.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** Serves the ports of AMQP. Cells end the clients that they serve themselves. */
export function openAmqpEdge({
  frame,
  users,
  admission,
  cluster,
  owners,
}: EdgeParts): ProtocolServer {
  const { directory } = cluster
  const edge = new AmqpEdge({
    users,
    memory: frame.memory.account,
    admission,
    clusterName: () => directory.clusterId,
    clock: frame.clock,
    logger: frame.logger.child({ area: 'amqp' }),
    settings: amqpSettingsOf(frame.options),
    routes: new AmqpRoutes({ directory, owners }),
  })
  return {
    acceptorOf: () => (accepted) => {
      const { socket, source } = takeOver(accepted, true)
      edge.accept(socket, source)
    },
    endClients: (reason) => edge.endClients(reason),
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  }
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
  if (socket !== undefined) amqp.adopt(takeOver(socket), lessOwnBytes(handover, socket), noBytes)
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
