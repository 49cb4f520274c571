// STOMP on a node of a cluster: the header `host` of CONNECT says which virtual host a client wants.
import type { Logger } from '../lib/logger.ts'
import { clientLimits } from '../limits/clients.ts'
import { stompLimits } from '../limits/stomp.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import { FirstFrameReader } from '../server/stomp/edge/first-frame.ts'
import { stompDown, stompLastWords } from '../server/stomp/edge/last-words.ts'
import type { StompServer } from '../server/stomp/stomp-server.ts'
import type { BrokerOptions } from '../settings/settings.ts'
import {
  type FirstPacketEdgeParts,
  firstPacketLinkHandler,
  serveFirstPacketEdge,
} from './first-packet-edge.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

/** What STOMP uses of a node. */
export interface StompEdgeParts extends FirstPacketEdgeParts {
  readonly frame: FirstPacketEdgeParts['frame'] & {
    readonly options: Pick<BrokerOptions, 'stompDefaultVhost'>
  }
}

export function openStompEdge(parts: StompEdgeParts): ProtocolServer {
  const { stompDefaultVhost } = parts.frame.options
  return serveFirstPacketEdge<string>(parts, {
    protocol: 'stomp',
    serverIn,
    reader: () => new FirstFrameReader(stompDefaultVhost),
    unclear: stompDefaultVhost,
    placeOf: (vhost) => ({ vhost }),
    usualVHost: stompDefaultVhost,
    words: stompLastWords,
    refusal: (_why, vhost) => stompDown(vhost),
    firstSizeMax: stompLimits.loginFrameSizeMax,
    firstMsMax: stompLimits.loginMsMax,
    sendTimeoutMs: clientLimits.sendTimeoutMs,
    endMsMax: stompLimits.stopCloseMsMax,
  })
}

/** Takes the clients of STOMP that other nodes bring, for the listener of the node port. */
export function stompLinkHandler(cells: ServedCells, logger: Logger): LinkHandler {
  return firstPacketLinkHandler(cells, logger, serverIn)
}

function serverIn({ stomp }: ServedCell): StompServer {
  return stomp.server
}
