// STOMP on a node.
import { clientLimits } from '../limits/clients.ts'
import type { StompSettings } from '../server/stomp/stomp-context.ts'
import { StompServer } from '../server/stomp/stomp-server.ts'
import type { BrokerOptions } from '../settings/settings.ts'
import { messageServerParts, servedBy } from './message-server.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'

/** What takes over connections of STOMP, by itself or from those who have begun with them. */
export interface OpenedStomp extends ProtocolServer {
  readonly server: StompServer
}

export function openStomp(parts: ProtocolParts): OpenedStomp {
  const { options } = parts
  const server = new StompServer({
    ...messageServerParts(parts, 'stomp'),
    mqtt: parts.cell,
    settings: stompSettingsOf(options),
  })
  return servedBy(server)
}

function stompSettingsOf(options: BrokerOptions): StompSettings {
  return {
    messageSizeMax: options.maxMessageSize,
    certificateName: options.tlsClientName,
    sendTimeoutMs: clientLimits.sendTimeoutMs,
    productName: options.productName,
    productVersion: options.productVersion,
    defaultVHost: options.stompDefaultVhost,
    defaultUser: options.stompDefaultUser,
    takesCertificates: options.stompTlsCertLogin,
    takesHttpLogins: options.stompWsUseHttpAuth,
    isImplicit: options.stompImplicitConnect,
    topicExchange: options.stompDefaultTopicExchange,
    requeuesNacked: options.stompDefaultNackRequeue,
    frameSizeMax: options.stompMaxFrameSize,
    userQueueExpiresMs: options.stompUserQueueExpiresMs,
    isStrict: options.amqpStrict,
  }
}
