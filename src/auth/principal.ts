import type { TokenGrant } from './oauth/token-grant.ts'

/** What a client speaks, as RabbitMQ's and Kafka's tools name it. */
export const clientProtocols = ['AMQP 0-9-1', 'Kafka', 'MQTT', 'STOMP', 'HTTP'] as const

export type ClientProtocol = (typeof clientProtocols)[number]

/** Those whose clients work with messages: a connection of HTTP is one request after the other. */
export const messageProtocols = ['AMQP 0-9-1', 'Kafka', 'MQTT', 'STOMP'] as const

/** A value for each protocol. */
export function perProtocol<T>(make: (protocol: ClientProtocol) => T): Record<ClientProtocol, T> {
  return Object.fromEntries(clientProtocols.map((each) => [each, make(each)])) as Record<
    ClientProtocol,
    T
  >
}

/** Where a client comes from. */
export interface Origin {
  readonly protocol: ClientProtocol
  /** IP address, as the socket reports it. */
  readonly address: string
}

/** The one that acts: every connection has a principal once it is logged in. */
export interface Principal extends Origin {
  readonly user: string
  /** `administrator` and its like, which say what the user may do besides using queues. */
  readonly tags: readonly string[]
  /** What its token permits, where it logged in with one; else the broker's own users and permissions count. */
  readonly token?: TokenGrant
}
