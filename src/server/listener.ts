// The door for TCP: everything that accepts connections of a wire protocol is opened here.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { listen } from '../lib/listen.ts'
import type { Address } from '../lib/listen.ts'
import { limits } from '../limits.ts'
import { type ByteSource, takeOver } from './byte-source.ts'

/** What a listener is opened with. */
export interface ListenerOptions {
  /** The service as its setting names it: `amqp` for --amqp-port. */
  readonly service: string
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Takes over each accepted socket: Nagle is off, no error handler is set, nothing has been read. */
  readonly onSocket: (socket: Socket, source: ByteSource) => void
  /** A connection could not be accepted or was refused; the listener goes on. */
  readonly onAcceptProblem: (reason: string) => void
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
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { service, host, port, onSocket, onAcceptProblem } = options
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
    const { socket, source } = takeOver(accepted)
    onSocket(socket, source)
  })
  const address = await listen(server, { service, host, port, backlog: limits.listenBacklog })
  watchAccepting(server, onAcceptProblem)
  return { address, close: () => void server.close() }
}
