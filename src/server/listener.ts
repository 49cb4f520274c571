// The door for TCP: everything that accepts connections is opened here, with TLS and without.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { listen } from '../lib/listen.ts'
import type { Address } from '../lib/listen.ts'
import { limits } from '../limits.ts'
import { type ByteSource, takeOver } from './byte-source.ts'
import type { TlsCredentials } from './tls-credentials.ts'
import type { HandshakeFailure } from './tls-failure.ts'
import { TlsHandshakes } from './tls-handshakes.ts'

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
  /** Stops accepting. Resolves at once; accepted sockets belong to whoever took them. */
  close(): void
}

function watchAccepting(server: Server, onAcceptProblem: (reason: string) => void): void {
  // Without a handler, running out of file handles would end the process.
  server.on('error', (error) => onAcceptProblem(error.message))
  server.maxConnections = limits.socketsPerListenerMax
  server.on('drop', () => onAcceptProblem(`more than ${limits.socketsPerListenerMax} connections`))
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
  const onAccepted = tls === undefined ? onSocket : handshakesOf(tls, options, onSocket).accept
  const server = createServer({ noDelay: true, pauseOnConnect: true }, onAccepted)
  const address = await listen(server, { service, host, port, backlog: limits.listenBacklog })
  watchAccepting(server, onAcceptProblem)
  return { address, close: () => void server.close() }
}

function handshakesOf(
  { credentials, onHandshakeFailed }: TlsDoor,
  { onAcceptProblem }: DoorOptions,
  onSocket: (socket: Socket) => void,
): TlsHandshakes {
  return new TlsHandshakes({
    credentials,
    onSocket,
    onFailed: onHandshakeFailed,
    onRefused: onAcceptProblem,
  })
}
