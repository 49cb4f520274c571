// Opens the ports of protocols and says what goes wrong at their doors.
import type { Socket } from 'node:net'
import { Brake } from '../lib/brake.ts'
import type { Clock } from '../lib/clock.ts'
import type { Address } from '../lib/listen.ts'
import type { Logger } from '../lib/logger.ts'
import { networkLimits } from '../limits/network.ts'
import type { Listener } from '../server/listener.ts'
import type { TlsCredentials } from '../server/tls-credentials.ts'
import type { HandshakeFailure } from '../server/tls-failure.ts'
import { type BrokerOptions, settings } from '../settings/settings.ts'
import type { Doors } from './doors.ts'
import type { Service } from './service.ts'

export interface ListenersParts {
  readonly options: BrokerOptions
  /** Shown on the ports for TLS; there are none without it. */
  readonly credentials: TlsCredentials | undefined
  readonly logger: Logger
  readonly clock: Clock
  readonly openListener: Doors['openListener']
  /** Gets the address of each service that is open. */
  readonly addresses: Record<string, Address>
}

/**
 * Opens the port of `service`, whose sockets go to `accept`: the one that it had before, or the one of
 * its setting. Undefined for one that may be taken and is. Rejects with an `ExitError`.
 */
export async function openService(
  service: Service,
  accept: (socket: Socket) => void,
  parts: ListenersParts,
): Promise<Listener | undefined> {
  try {
    return await open(service, accept, parts)
  } catch (error) {
    if (!isTaken(error) || !mayBeTaken(service, parts.options)) throw error
    parts.logger.warn(`No port for ${service.name}: ${(error as Error).message}`)
    return undefined
  }
}

async function open(
  { name, setting, isTls }: Service,
  accept: (socket: Socket) => void,
  parts: ListenersParts,
): Promise<Listener> {
  const { options, credentials, logger, addresses, openListener } = parts
  const [tellProblem, tellFailure] = [warnerOf(parts), warnerOf(parts)]
  const tellHandshake = ({ remoteAddress, reason, isUsual }: HandshakeFailure): void => {
    if (!isUsual) tellFailure(`No TLS connection from ${remoteAddress} on ${name}: ${reason}`)
  }
  const listener = await openListener({
    service: name,
    ...hostsOf(options.host),
    port: addresses[name]?.port ?? (options[setting] as number),
    isProxied: options.proxyProtocol?.includes(name.split('-')[0] ?? '') ?? false,
    tls: isTls && credentials ? { credentials, onHandshakeFailed: tellHandshake } : undefined,
    onSocket: accept,
    onAcceptProblem: (reason) => tellProblem(`A connection to ${name} was refused: ${reason}`),
    onMissingHost: (host) => logger.debug(`${name}: this machine has no ${host}`),
  })
  addresses[name] = listener.address
  return listener
}

function isTaken(error: unknown): boolean {
  const { cause } = error as { readonly cause?: NodeJS.ErrnoException }
  return cause?.code === 'EADDRINUSE'
}

/** Only the port that it has by default: who asks for another one gets it or no broker. */
function mayBeTaken({ setting }: Service, options: BrokerOptions): boolean {
  return settings[setting].mayBeTaken === true && options[setting] === settings[setting].default
}

/** Writes warnings, but not as many as somebody can cause. */
function warnerOf({ logger, clock }: ListenersParts): (text: string) => void {
  const brake = new Brake(clock, networkLimits.connectionWarningMs)
  return (text) => {
    const heldBackCount = brake.pass()
    if (heldBackCount === undefined) return
    logger.warn(heldBackCount === 0 ? text : `${text} (and ${heldBackCount} more before)`)
  }
}

/** `localhost` is both loopbacks: which of them a client means by it depends on its machine. */
function hostsOf(host: string): { readonly host: string; readonly alsoHosts?: readonly string[] } {
  return host.toLowerCase() === 'localhost' ? { host: '127.0.0.1', alsoHosts: ['::1'] } : { host }
}
