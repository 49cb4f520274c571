// The door for TCP: everything that accepts connections is opened here, with TLS and without.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { type Bound, listenOnSamePort } from '../lib/listen-on-same-port.ts'
import { listen } from '../lib/listen.ts'
import type { Address } from '../lib/listen.ts'
import { networkLimits } from '../limits/network.ts'
import type { ProxyDoor } from './proxy-door.ts'
import type { TlsCredentials } from './tls-credentials.ts'
import type { HandshakeFailure } from './tls-failure.ts'
import type { TlsHandshakes } from './tls-handshakes.ts'

/** What a listener is opened with. */
export interface ListenerOptions {
  /** The service as its setting names it: `amqp` for --amqp-port. */
  readonly service: string
  readonly host: string
  /** Further hosts with the same port, where the machine has them. */
  readonly alsoHosts?: readonly string[]
  /** 0 for any free port. */
  readonly port: number
  /** Connections come through a proxy, and begin with its header. */
  readonly isProxied?: boolean
  /** Connections begin with a handshake of TLS; left out, they are plain. */
  readonly tls?: TlsDoor | undefined
  /** Takes over each accepted socket: paused, Nagle is off, no error handler is set, nothing was read. */
  readonly onSocket: (socket: Socket) => void
  /** A connection could not be accepted or was refused; the listener goes on. */
  readonly onAcceptProblem: (reason: string) => void
  /** One of `alsoHosts` is not there. */
  readonly onMissingHost?: (host: string) => void
}

/** What a listener for TLS needs beside the others. */
export interface TlsDoor {
  readonly credentials: TlsCredentials
  readonly onHandshakeFailed: (failure: HandshakeFailure) => void
}

/** An open listener. */
export interface Listener {
  readonly address: Address
  /** Stops accepting, and ends handshakes; the other sockets belong to whoever took them. */
  close(): void
}

function watchAccepting(server: Server, onAcceptProblem: (reason: string) => void): void {
  // Without a handler, running out of file handles would end the process.
  server.on('error', (error) => onAcceptProblem(error.message))
  server.maxConnections = networkLimits.socketsPerListenerMax
  server.on('drop', () =>
    onAcceptProblem(`more than ${networkLimits.socketsPerListenerMax} connections`),
  )
}

/** Opens a listener. Rejects with an `ExitError` that says what to do. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { tls, onSocket, onAcceptProblem, isProxied = false } = options
  const handshakes = tls && (await createHandshakes(tls, options))
  const onAccepted = handshakes?.accept ?? onSocket
  const proxies = isProxied ? await createProxyDoor(onAccepted, onAcceptProblem) : undefined
  const servers = await listenOnSamePort({
    hosts: [options.host, ...(options.alsoHosts ?? [])],
    port: options.port,
    listen: (host, port) => openServer({ ...options, host, port }, proxies?.accept ?? onAccepted),
    onMissing: (host) => options.onMissingHost?.(host),
  })
  for (const { server } of servers) watchAccepting(server, onAcceptProblem)
  const close = (): void => {
    for (const server of servers) server.close()
    proxies?.close()
    handshakes?.close()
  }
  return { address: addressOf(servers.map(({ address }) => address)), close }
}

interface OpenServer extends Bound {
  readonly server: Server
}

async function openServer(
  { service, host, port }: ListenerOptions,
  onSocket: (socket: Socket) => void,
): Promise<OpenServer> {
  const server = createServer({ noDelay: true, pauseOnConnect: true }, onSocket)
  const backlog = networkLimits.listenBacklog
  const address = await listen(server, { service, host, port, backlog })
  return { server, address, close: () => void server.close() }
}

function addressOf(addresses: readonly Address[]): Address {
  const [{ host, port } = { host: '', port: 0 }, ...others] = addresses
  return others.length === 0
    ? { host, port }
    : { host, port, alsoHosts: others.map((other) => other.host) }
}

/** Loads what only listeners for TLS need. */
async function createHandshakes(
  { credentials, onHandshakeFailed }: TlsDoor,
  { onAcceptProblem, onSocket }: ListenerOptions,
): Promise<TlsHandshakes> {
  const { TlsHandshakes } = await import('./tls-handshakes.ts')
  return new TlsHandshakes({
    credentials,
    onSocket,
    onFailed: onHandshakeFailed,
    onRefused: onAcceptProblem,
  })
}

/** Loads what only listeners behind a proxy need. */
async function createProxyDoor(
  onSocket: (socket: Socket) => void,
  onRefused: (reason: string) => void,
): Promise<ProxyDoor> {
  const { ProxyDoor } = await import('./proxy-door.ts')
  return new ProxyDoor({ onSocket, onRefused })
}
