/** What a client speaks with a broker, or an extension of it that not all have. */
export type Protocol =
  | 'amqp'
  | 'kafka'
  | 'mqtt'
  | 'mqtt-qos-2'
  | 'mqtt-retained-wildcards'
  | 'stomp'
  | 'x-delayed-message'

/** A broker that the benchmarks can start, drive and stop. One object per variant measured. */
export type BrokerSystem = {
  /** What tables and result files call it: `pabal`, `pabal+1ms`, `rabbitmq`. */
  readonly name: string
  /** Scenarios that need another one leave this system out. */
  readonly protocols: readonly Protocol[]
  /** Settings that differ from the broker's own defaults, for the result file. */
  readonly settings: Readonly<Record<string, string>>
  /** Product and version, for the result file; call after `prepare`. */
  version(): string
  /** Fetches what it needs; throws with a text for people when that cannot be had. */
  prepare(): void
  /** Starts it on `folder`, which may hold the data of an earlier start. Resolves when ready. */
  start(folder: string): Promise<RunningBroker>
}

export type RunningBroker = {
  readonly pid: number
  /** Undefined where it does not speak the protocol. */
  readonly amqpPort: number | undefined
  readonly kafkaPort: number | undefined
  readonly mqttPort?: number
  readonly stompPort?: number
  /** Where it takes TLS, and what vouches for its certificate; only of a system that is about TLS. */
  readonly tls?: { readonly amqpPort: number; readonly kafkaPort: number; readonly ca: string }
  /** From the start of the process until each of its protocols answered a client, ms. */
  readonly readyMs: number
  /** The last lines it printed, for the text of an error. */
  logTail(): string
  /** Ends the process and waits until it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}
