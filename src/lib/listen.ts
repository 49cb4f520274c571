// Opening a server on an address, with errors that say what to do. Knows no protocol and opens no
// socket itself: the caller brings the server.
import type { AddressInfo, Server } from 'node:net'
import { exitCodes } from './exit-codes.ts'
import { type ExitCode, ExitError } from './exit-error.ts'
import { isLoopback } from './loopback.ts'

/** An address that a server listens on. */
export interface Address {
  readonly host: string
  readonly port: number
  /** Further addresses of this machine that answer on the same port. */
  readonly alsoHosts?: readonly string[]
}

/** Where to listen, and what to call it in errors. */
export interface ListenOptions {
  /** The service as its setting names it: `amqp` for --amqp-port. */
  readonly service: string
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly backlog: number
}

/** `127.0.0.1:5672`, `[::1]:5672`; `localhost:5672` for both. */
export function formatAddress({ host, port, alsoHosts = [] }: Address): string {
  if ([host, ...alsoHosts].every(isLoopback) && alsoHosts.length > 0) return `localhost:${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function explain(error: NodeJS.ErrnoException, options: ListenOptions): ExitError {
  const [exitCode, message] = reasonFor(error, options)
  return new ExitError(exitCode, message, { cause: error })
}

function reasonFor(
  error: NodeJS.ErrnoException,
  options: ListenOptions,
): readonly [ExitCode, string] {
  const address = formatAddress(options)
  const { service } = options
  switch (error.code) {
    case 'EADDRINUSE':
      return [
        exitCodes.unavailable,
        `${address} is in use: stop what listens there, or choose another with --${service}-port ` +
          '(0 picks a free one)',
      ]
    case 'EACCES':
      return [
        exitCodes.notPermitted,
        `not permitted to listen on ${address}: choose a port above 1023 with --${service}-port`,
      ]
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [
        exitCodes.unavailable,
        `${options.host} is not an address of this machine: choose one with --host`,
      ]
    case undefined:
    default:
      return [exitCodes.osError, `cannot listen on ${address} (${service}): ${error.message}`]
  }
}

/** Listens, and resolves with the address in use. Rejects with an `ExitError`. */
export async function listen(server: Server, options: ListenOptions): Promise<Address> {
  const { host, port, backlog } = options
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(explain(error, options))
    server.once('error', fail)
    server.listen({ host, port, backlog }, () => {
      server.off('error', fail)
      const address = server.address() as AddressInfo
      resolve({ host: address.address, port: address.port })
    })
  })
}
