import type { Socket } from 'node:net'
import type { Address } from './listen.ts'
import { unmapped } from './loopback.ts'

/** The two ends of a client's socket. */
export interface Transport {
  readonly peer: Address
  readonly local: Address
  readonly isTls: boolean
}

/** As RabbitMQ names connections: `127.0.0.1:40112 -> 127.0.0.1:5672`. */
export function connectionName({ peer, local }: Transport): string {
  return `${nameOf(peer)} -> ${nameOf(local)}`
}

/** The ends of an accepted socket; to be asked while it is open. */
export function transportOf(socket: Socket): Transport {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  return {
    peer: { host: unmapped(remoteAddress ?? ''), port: remotePort ?? 0 },
    local: { host: unmapped(localAddress ?? ''), port: localPort ?? 0 },
    isTls: 'encrypted' in socket,
  }
}

function nameOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
