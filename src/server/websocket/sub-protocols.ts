// Which protocol a client of WebSocket wants, by the path and by the sub-protocols that it offers
// (Sec-WebSocket-Protocol, RFC 6455 1.9).

/** What is spoken within WebSocket. */
export type WebSocketProtocol = 'mqtt' | 'stomp'

export interface SubProtocolRules {
  /** Names that clients offer, as RabbitMQ's plugins take them. */
  readonly names: readonly string[]
  /** Whether a client has to offer one ([MQTT-6.0.0-3]). */
  readonly isRequired: boolean
  /** Where it is on a port of its own. */
  readonly paths: readonly string[]
}

export const subProtocols: Readonly<Record<WebSocketProtocol, SubProtocolRules>> = {
  mqtt: { names: ['mqtt', 'mqttv3.1'], isRequired: true, paths: ['/ws', '/mqtt', '/'] },
  stomp: {
    names: ['v10.stomp', 'v11.stomp', 'v12.stomp'],
    isRequired: false,
    paths: ['/ws', '/stomp', '/'],
  },
}

/** The names in a header, in the client's order. */
export function offeredNames(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** The first that is offered and known; undefined when there is none. */
export function chooseName(
  offered: readonly string[],
  { names }: SubProtocolRules,
): string | undefined {
  return offered.find((name) => names.includes(name))
}

/** On the HTTP port, where both are; undefined for a path that is neither's. */
export function protocolAt(
  path: string,
  offered: readonly string[],
): WebSocketProtocol | undefined {
  if (path === '/mqtt') return 'mqtt'
  if (path !== '/ws') return undefined
  return chooseName(offered, subProtocols.mqtt) === undefined ? 'stomp' : 'mqtt'
}
