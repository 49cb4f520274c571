/** What a client speaks, as RabbitMQ's and Kafka's tools name it. */
export type ClientProtocol = 'AMQP 0-9-1' | 'Kafka' | 'HTTP'

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
}
