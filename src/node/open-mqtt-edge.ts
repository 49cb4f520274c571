// MQTT on a node of a cluster: CONNECT says which virtual host a client wants, or its port or certificate does.
import type { Socket } from 'node:net'
import type { Logger } from '../lib/logger.ts'
import { transportOf } from '../lib/transport.ts'
import { clientLimits } from '../limits/clients.ts'
import { mqttLimits } from '../limits/mqtt.ts'
import {
  type ConnectAsked,
  FirstPacketReader,
  unclearConnect,
} from '../server/mqtt/edge/first-packet.ts'
import { mqttLastWords, mqttUnavailable } from '../server/mqtt/edge/last-words.ts'
import { findVHost, noteFoundVHost } from '../server/mqtt/find-vhost.ts'
import { certificateUserOf } from '../server/mqtt/login.ts'
import type { LinkHandler } from '../server/node-link/link-listener.ts'
import type { EdgeParts } from './edge-parts.ts'
import {
  type AdoptingServer,
  firstPacketLinkHandler,
  type Place,
  serveFirstPacketEdge,
} from './first-packet-edge.ts'
import { mqttSettingsOf } from './mqtt-settings-of.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'
import { VHostParameters } from './vhost-parameters.ts'

export function openMqttEdge(parts: EdgeParts): ProtocolServer {
  const { frame, cells, api } = parts
  const settings = mqttSettingsOf(frame.options)
  const parameters = new VHostParameters({
    clock: frame.clock,
    cells,
    ask: (target, asked) => api.asker.ask(target, asked),
  })
  const placeOf = async (asked: ConnectAsked, socket: Socket): Promise<Place> => {
    const { port } = transportOf(socket).local
    const certificateUser = certificateUserOf(socket, settings)
    await parameters.load()
    const { username } = asked
    return findVHost((name) => parameters.find(name), settings, { username, certificateUser, port })
  }
  return serveFirstPacketEdge<ConnectAsked>(parts, {
    protocol: 'mqtt',
    serverIn,
    reader: () => new FirstPacketReader(),
    unclear: unclearConnect,
    placeOf,
    usualVHost: settings.vhost,
    words: mqttLastWords,
    refusal: (_why, asked, { vhost }) => mqttUnavailable(asked, `virtual host '${vhost}' is down`),
    firstSizeMax: mqttLimits.firstPacketSizeMax,
    firstMsMax: mqttLimits.connectMsMax,
    sendTimeoutMs: clientLimits.sendTimeoutMs,
    endMsMax: mqttLimits.stopCloseMsMax,
  })
}

/** Takes the clients of MQTT that other nodes bring, for the listener of the node port. */
export function mqttLinkHandler(cells: ServedCells, logger: Logger): LinkHandler {
  return firstPacketLinkHandler(cells, logger, serverIn)
}

function serverIn({ mqtt: { server } }: ServedCell): AdoptingServer {
  return {
    adopt(incoming, peer, { vhost, username }) {
      noteFoundVHost(incoming.socket, { vhost, username })
      server.adopt(incoming, peer)
    },
    endClients: (reason) => server.endClients(reason),
  }
}
