// From an accepted connection to one that speaks TLS. A handshake takes up to a millisecond of the
// event loop, so after a restart, when all clients come back at once, they take turns with the work
// of those who are in.
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { type Clock, systemClock, type Timer } from '../lib/clock.ts'
import { Fifo } from '../lib/fifo.ts'
import { amqpLimits } from '../limits/amqp.ts'
import { networkLimits } from '../limits/network.ts'
import type { TlsCredentials } from './tls-credentials.ts'
import { type HandshakeFailure, describeFailure } from './tls-failure.ts'

export interface TlsHandshakesOptions {
  readonly credentials: TlsCredentials
  /** Takes over a connection whose handshake is done; nothing has been read of it. */
  readonly onSocket: (socket: TLSSocket) => void
  readonly onFailed: (failure: HandshakeFailure) => void
  /** A connection was refused before its handshake. */
  readonly onRefused: (reason: string) => void
  readonly clock?: Clock
}

interface Handshake {
  readonly remoteAddress: string
  readonly deadline: Timer
  /** From here on Node tells how it ends, which may be after the socket has closed. */
  isStarted: boolean
}

/** Node names the accepted socket on the one that is made of it. */
interface WrappingSocket extends TLSSocket {
  readonly _parent: Socket
}

const late = new Error(`no TLS handshake within ${amqpLimits.handshakeMsMax / 1000} s`)
const waiting = { authorizationError: null } as unknown as TLSSocket

export class TlsHandshakes {
  readonly #options: TlsHandshakesOptions
  readonly #clock: Clock
  readonly #server: Server
  /** Accepted sockets whose handshake is not done, whether it has begun or not. */
  readonly #handshakes = new Map<Socket, Handshake>()
  /** Those of them whose handshake has not begun. */
  readonly #waiting = new Fifo<Socket>()
  #isStartDue = false

  constructor(options: TlsHandshakesOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#server = options.credentials.createServer()
    this.#server.on('secureConnection', (socket) => this.#onDone(socket as WrappingSocket))
    this.#server.on('tlsClientError', (error, socket) => {
      this.#onFailed(error, socket as WrappingSocket)
    })
  }

  /** Begins the handshake of an accepted socket that nothing was read of, when its turn has come. */
  readonly accept = (socket: Socket): void => {
    if (this.#handshakes.size >= networkLimits.tlsHandshakesMax) {
      socket.destroy()
      this.#options.onRefused(
        `more than ${networkLimits.tlsHandshakesMax} TLS handshakes at a time`,
      )
      return
    }
    const remoteAddress = socket.remoteAddress ?? ''
    const deadline = this.#clock.after(amqpLimits.handshakeMsMax, () => socket.destroy(late))
    const handshake = { remoteAddress, deadline, isStarted: false }
    this.#handshakes.set(socket, handshake)
    socket.on('error', (error) => {
      if (handshake.isStarted) return
      this.#options.onFailed({ remoteAddress, ...describeFailure(error, waiting) })
    })
    socket.once('close', () => {
      if (!handshake.isStarted) this.#forget(socket)
    })
    this.#waiting.push(socket)
    this.#scheduleStart()
  }

  /** Ends the handshakes that are not done; the listener accepts no more. */
  close(): void {
    for (const [socket, { deadline }] of this.#handshakes) {
      deadline.stop()
      socket.destroy()
    }
    this.#handshakes.clear()
    this.#waiting.clear()
  }

  #scheduleStart(): void {
    if (this.#isStartDue) return
    this.#isStartDue = true
    this.#clock.atEndOfTurn(() => {
      this.#isStartDue = false
      for (let count = 0; count < networkLimits.tlsHandshakesPerTurn; count++) this.#startNext()
      if (this.#waiting.size > 0) this.#scheduleStart()
    })
  }

  #startNext(): void {
    const socket = this.#waiting.shift()
    if (socket === undefined || socket.destroyed) return
    const handshake = this.#handshakes.get(socket)
    if (handshake === undefined) return
    handshake.isStarted = true
    this.#server.emit('connection', socket)
  }

  #onDone(socket: WrappingSocket): void {
    this.#forget(socket._parent)
    this.#options.onSocket(socket)
  }

  #onFailed(error: Error, socket: WrappingSocket): void {
    const handshake = this.#forget(socket._parent)
    socket.destroy()
    if (handshake === undefined) return
    const { remoteAddress } = handshake
    this.#options.onFailed({ remoteAddress, ...describeFailure(error, socket) })
  }

  #forget(socket: Socket): Handshake | undefined {
    const handshake = this.#handshakes.get(socket)
    handshake?.deadline.stop()
    this.#handshakes.delete(socket)
    return handshake
  }
}
