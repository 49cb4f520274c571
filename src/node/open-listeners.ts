import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import type { DoorOptions, Listener } from '../server/listener.ts'
import type { TlsCredentials } from '../server/tls-credentials.ts'
import type { HandshakeFailure } from '../server/tls-failure.ts'
// The listeners of a broker: which are open, where, and what goes wrong at their doors.
import type { BrokerOptions } from '../settings/settings.ts'

/** A listener, as its setting names it. */
export type Service = 'amqp' | 'amqp-tls' | 'kafka' | 'kafka-tls' | 'http-tls'

/** The settings of the listeners' ports. HTTP opens its plain one itself. */
const portKeys = {
  amqp: 'amqpPort',
  'amqp-tls': 'amqpTlsPort',
  kafka: 'kafkaPort',
  'kafka-tls': 'kafkaTlsPort',
  'http-tls': 'httpTlsPort',
} as const satisfies Record<Service, keyof BrokerOptions>

export interface OpenListenersParts {
  readonly options: BrokerOptions
  /** Without it no listener for TLS is open. */
  readonly credentials: TlsCredentials | undefined
  readonly logger: Logger
}

export class OpenListeners {
  /** Where those that are open listen. */
  readonly addresses: Record<string, Address>
  readonly #parts: OpenListenersParts
  readonly #listeners: Listener[] = []

  constructor(addresses: Record<string, Address>, parts: OpenListenersParts) {
    this.addresses = addresses
    this.#parts = parts
  }

  isOff(service: Service): boolean {
    const { options, credentials } = this.#parts
    if (options[portKeys[service]] === 'off') return true
    return isTls(service) && credentials === undefined
  }

  /** Has `open` open a listener, unless it is off. Rejects with an `ExitError`. */
  async open(service: Service, open: (door: DoorOptions) => Promise<Listener>): Promise<void> {
    const { options, credentials, logger } = this.#parts
    const port = options[portKeys[service]]
    if (port === 'off' || this.isOff(service)) return
    const onHandshakeFailed = (failure: HandshakeFailure): void => this.#tell(service, failure)
    const listener = await open({
      service,
      host: options.host,
      port,
      tls: isTls(service) && credentials ? { credentials, onHandshakeFailed } : undefined,
      onAcceptProblem: (reason) => logger.warn(`A connection was refused: ${reason}`),
    })
    this.#listeners.push(listener)
    this.addresses[service] = listener.address
  }

  /** Stops accepting; what was accepted belongs to whoever took it. */
  close(): void {
    for (const listener of this.#listeners) listener.close()
  }

  #tell(service: Service, { remoteAddress, reason, isUsual }: HandshakeFailure): void {
    if (isUsual) return
    this.#parts.logger.warn(`No TLS connection from ${remoteAddress} on ${service}: ${reason}`)
  }
}

function isTls(service: Service): boolean {
  return service.endsWith('-tls')
}
