// What RabbitMQ calls the protocols of listeners (normalize_protocol of
// rabbit_mgmt_wm_health_check_protocol_listener.erl), and Kafka's, which it does not know.
import type { BrokerStatus } from '../broker-status.ts'

const byService: Readonly<Record<string, string>> = {
  amqp: 'amqp',
  'amqp-tls': 'amqp/ssl',
  http: 'http',
  'http-tls': 'https',
  kafka: 'kafka',
  'kafka-tls': 'kafka/ssl',
  mqtt: 'mqtt',
  'mqtt-tls': 'mqtt/ssl',
  'mqtt-ws': 'http/web-mqtt',
  'mqtt-ws-tls': 'https/web-mqtt',
  stomp: 'stomp',
  'stomp-tls': 'stomp/ssl',
  'stomp-ws': 'http/web-stomp',
  'stomp-ws-tls': 'https/web-stomp',
  node: 'clustering',
}

/** Of a listener of ours: `amqp-tls` is `amqp/ssl`. */
export function rabbitProtocolOf(service: string): string {
  return byService[service] ?? service
}

/** Protocols that have a listener. */
export function activeProtocols({ addresses }: Pick<BrokerStatus, 'addresses'>): Set<string> {
  return new Set(Object.keys(addresses).map(rabbitProtocolOf))
}

/** By the names that people have for them. */
const aliases: readonly (readonly [RegExp, string])[] = [
  [/^amqp(0[-._]?9[-._]?1|1[-._]?0)$/, 'amqp'],
  [/^amqps$/, 'amqp/ssl'],
  [/^mqtt3[._]?1([._]?1)?$/, 'mqtt'],
  [/^mqtt(s|\+tls|\+ssl)$/, 'mqtt/ssl'],
  [/^stomp1[._]?[012]$/, 'stomp'],
  [/^stomp(s|\+tls|\+ssl)$/, 'stomp/ssl'],
  [/^(http\/)?web[-_]mqtt$/, 'http/web-mqtt'],
  [/^(https\/)?web[-_]mqtt([-_/](tls|ssl))?$/, 'https/web-mqtt'],
  [/^(http\/)?web[-_]stomp$/, 'http/web-stomp'],
  [/^(https\/)?web[-_]stomp([-_/](tls|ssl))?$/, 'https/web-stomp'],
  [/^(http1|http1\.1|http_api|management|management_ui|ui)$/, 'http'],
  [/^kafka(s|\+tls|\+ssl)$/, 'kafka/ssl'],
]

/** What a client means by `name`. */
export function protocolNamed(name: string): string {
  const lower = name.toLowerCase()
  return aliases.find(([pattern]) => pattern.test(lower))?.[1] ?? lower
}
