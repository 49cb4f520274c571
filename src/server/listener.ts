// The door for TCP: everything that accepts connections is opened here, with TLS and without.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { listen } from '../lib/listen.ts'
import type { Address } from '../lib/listen.ts'
import { networkLimits } from '../limits/network.ts'
import { type ByteSource, takeOver } from './byte-source.ts'
import type { TlsCredentials } from './tls-credentials.ts'
import type { HandshakeFailure } from './tls-failure.ts'
import type { TlsHandshakes } from './tls-handshakes.ts'

/** What every listener is opened with. */
export interface DoorOptions {
  /** The service as its setting names it: `amqp` for --amqp-port. */
  readonly service: string
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Connections begin with a handshake of TLS; left out, they are plain. */
  readonly tls?: TlsDoor | undefined
  /** A connection could not be accepted or was refused; the listener goes on. */
  readonly onAcceptProblem: (reason: string) => void
}

/** What a listener for TLS needs beside the others. */
export interface TlsDoor {
  readonly credentials: TlsCredentials
  readonly onHandshakeFailed: (failure: HandshakeFailure) => void
}

/** What the listener of a wire protocol is opened with. */
export interface ListenerOptions extends DoorOptions {
  /** Takes over each accepted socket: Nagle is off, no error handler is set, nothing has been read. */
  readonly onSocket: (socket: Socket, source: ByteSource) => void
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
export async function openListener({ onSocket, ...options }: ListenerOptions): Promise<Listener> {
  return openDoor(options, (accepted) => {
    const { socket, source } = takeOver(accepted)
    onSocket(socket, source)
  })
}

/** The same for whoever reads its sockets by itself: `onSocket` gets them paused. */
export async function openDoor(
  options: DoorOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const { service, host, port, tls, onAcceptProblem } = options
  const handshakes = tls && (await createHandshakes(tls, options, onSocket))
  const server = createServer(
    { noDelay: true, pauseOnConnect: true },
    handshakes?.accept ?? onSocket,
  )
  const address = await listen(server, {
    service,
    host,
    port,
    backlog: networkLimits.listenBacklog,
  })
  watchAccepting(server, onAcceptProblem)
  const close = (): void => {
    server.close()
    handshakes?.close()
  }
  return { address, close }
}

/** Loads what only listeners for TLS need. */
async function createHandshakes(
  { credentials, onHandshakeFailed }: TlsDoor,
  { onAcceptProblem }: DoorOptions,
  onSocket: (socket: Socket) => void,
): Promise<TlsHandshakes> {
  const { TlsHandshakes } = await import('./tls-handshakes.ts')
  return new TlsHandshakes({
    credentials,
    onSocket,
    onFailed: onHandshakeFailed,
    onRefused: onAcceptProblem,
  })
}
