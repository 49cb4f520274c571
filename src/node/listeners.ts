// Opens the ports of protocols and says what goes wrong at their doors.
import type { Socket } from 'node:net'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import type { Listener } from '../server/listener.ts'
import type { TlsCredentials } from '../server/tls-credentials.ts'
import type { HandshakeFailure } from '../server/tls-failure.ts'
import type { BrokerOptions } from '../settings/settings.ts'
import type { Doors } from './doors.ts'
import type { Service } from './services.ts'

export interface ListenersParts {
  readonly options: BrokerOptions
  /** Shown on the ports for TLS; there are none without it. */
  readonly credentials: TlsCredentials | undefined
  readonly logger: Logger
  readonly openListener: Doors['openListener']
  /** Gets the address of each service that is open. */
  readonly addresses: Record<string, Address>
}

/** Opens the port of `service`, whose sockets go to `accept`. Rejects with an `ExitError`. */
export async function openService(
  { name, setting, isTls }: Service,
  accept: (socket: Socket) => void,
  parts: ListenersParts,
): Promise<Listener> {
  const { options, credentials, logger, addresses, openListener } = parts
  const tellHandshake = ({ remoteAddress, reason, isUsual }: HandshakeFailure): void => {
    if (!isUsual) logger.warn(`No TLS connection from ${remoteAddress} on ${name}: ${reason}`)
  }
  const listener = await openListener({
    service: name,
    ...hostsOf(options.host),
    port: options[setting] as number,
    tls: isTls && credentials ? { credentials, onHandshakeFailed: tellHandshake } : undefined,
    onSocket: accept,
    onAcceptProblem: (reason) => logger.warn(`A connection was refused: ${reason}`),
    onMissingHost: (host) => logger.debug(`${name}: this machine has no ${host}`),
  })
  addresses[name] = listener.address
  return listener
}

/** `localhost` is both loopbacks: which of them a client means by it depends on its machine. */
function hostsOf(host: string): { readonly host: string; readonly alsoHosts?: readonly string[] } {
  return host.toLowerCase() === 'localhost' ? { host: '127.0.0.1', alsoHosts: ['::1'] } : { host }
}
