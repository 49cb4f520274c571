// Everything that a broker can listen for, in one table: names, schemes, the settings of ports, and
// what opens a protocol.
import type { BrokerOptions } from '../settings/settings.ts'
import type { OpenEdge } from './edge-parts.ts'
import type { OpenProtocol } from './protocol-server.ts'
import type { Service } from './service.ts'

/** A protocol with its ports. */
export interface ProtocolServices {
  readonly title: string
  readonly services: readonly Service[]
  /** What it needs is loaded only here: a protocol that is off costs nothing. */
  readonly open: OpenProtocol | undefined
  /** The same on a node of a cluster. */
  readonly openEdge?: OpenEdge
  /** It answers until all others have ended: health checks see that the broker stops. */
  readonly outlivesOthers?: boolean
}

/** In the order in which addresses are shown. */
export const protocols: readonly ProtocolServices[] = [
  {
    title: 'AMQP',
    services: [
      { name: 'amqp', scheme: 'amqp', setting: 'amqpPort', isTls: false },
      { name: 'amqp-tls', scheme: 'amqps', setting: 'amqpTlsPort', isTls: true },
    ],
    open: async (parts) => (await import('./open-amqp.ts')).openAmqp(parts),
    openEdge: async (parts) => (await import('./open-amqp-edge.ts')).openAmqpEdge(parts),
  },
  {
    title: 'Kafka',
    services: [
      { name: 'kafka', scheme: 'kafka', setting: 'kafkaPort', isTls: false },
      { name: 'kafka-tls', scheme: 'kafka+ssl', setting: 'kafkaTlsPort', isTls: true },
    ],
    open: async (parts) => (await import('./open-kafka.ts')).openKafka(parts),
    openEdge: async (parts) => (await import('./open-kafka-edge.ts')).openKafkaEdge(parts),
  },
  {
    title: 'HTTP',
    services: [
      { name: 'http', scheme: 'http', setting: 'httpPort', isTls: false },
      { name: 'http-tls', scheme: 'https', setting: 'httpTlsPort', isTls: true },
    ],
    open: async (parts) => (await import('./open-http.ts')).openHttp(parts),
    openEdge: async (parts) => (await import('./open-http-edge.ts')).openHttpEdge(parts),
    outlivesOthers: true,
  },
  {
    title: 'Metrics',
    services: [{ name: 'metrics', scheme: 'http', setting: 'metricsPort', isTls: false }],
    open: async (parts) => (await import('./open-metrics.ts')).openMetrics(parts),
    openEdge: async (parts) => (await import('./open-metrics-edge.ts')).openMetricsEdge(parts),
    outlivesOthers: true,
  },
  {
    title: 'Nodes',
    services: [{ name: 'node', scheme: 'pabal', setting: 'nodePort', isTls: false }],
    open: undefined,
    openEdge: async (parts) => (await import('./open-node-port.ts')).openNodePort(parts),
  },
  {
    title: 'MQTT',
    services: [
      { name: 'mqtt', scheme: 'mqtt', setting: 'mqttPort', isTls: false },
      { name: 'mqtt-tls', scheme: 'mqtts', setting: 'mqttTlsPort', isTls: true },
      { name: 'mqtt-ws', scheme: 'ws', setting: 'mqttWsPort', webSocket: 'mqtt', isTls: false },
      {
        name: 'mqtt-ws-tls',
        scheme: 'wss',
        setting: 'mqttWsTlsPort',
        isTls: true,
        webSocket: 'mqtt',
      },
    ],
    open: async (parts) => (await import('./open-mqtt.ts')).openMqtt(parts),
    openEdge: async (parts) => (await import('./open-mqtt-edge.ts')).openMqttEdge(parts),
  },
  {
    title: 'STOMP',
    services: [
      { name: 'stomp', scheme: 'stomp', setting: 'stompPort', isTls: false },
      { name: 'stomp-tls', scheme: 'stomp+ssl', setting: 'stompTlsPort', isTls: true },
      { name: 'stomp-ws', scheme: 'ws', setting: 'stompWsPort', webSocket: 'stomp', isTls: false },
      {
        name: 'stomp-ws-tls',
        scheme: 'wss',
        setting: 'stompWsTlsPort',
        isTls: true,
        webSocket: 'stomp',
      },
    ],
    open: async (parts) => (await import('./open-stomp.ts')).openStomp(parts),
    openEdge: async (parts) => (await import('./open-stomp-edge.ts')).openStompEdge(parts),
  },
]

/** Those of a protocol that have a port, and a certificate where they need one. */
export function openServices(
  { services, open, openEdge }: ProtocolServices,
  options: BrokerOptions,
): Service[] {
  if ((options.cluster === undefined ? open : openEdge) === undefined) return []
  const hasCertificate = options.tlsCert !== undefined
  return services.filter(
    ({ setting, isTls }) => options[setting] !== 'off' && (!isTls || hasCertificate),
  )
}
