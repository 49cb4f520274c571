// From an accepted connection to one that speaks TLS. A handshake takes up to a millisecond of the
// event loop, so after a restart, when all clients come back at once, they take turns with the work
// of those who are in.
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { type Clock, systemClock, type Timer } from '../lib/clock.ts'
import { Fifo } from '../lib/fifo.ts'
import { amqpLimits } from '../limits/amqp.ts'
import { networkLimits } from '../limits/network.ts'
import { carryEnds } from './proxied-ends.ts'
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
  /** At a time; `networkLimits` has the usual number. */
  readonly handshakesMax?: number
}

interface Handshake {
  readonly remoteAddress: string
  readonly deadline: Timer
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
  readonly #max: number
  /** Accepted sockets whose handshake is not done, whether it has begun or not. */
  readonly #handshakes = new Map<Socket, Handshake>()
  /** Those of them whose handshake has not begun: they wait for the broker. */
  readonly #waiting = new Fifo<Socket>()
  /**
   * Those whose handshake has begun, oldest first: they wait for their clients. From here on Node
   * tells how a handshake ends, which may be after the socket has closed.
   */
  readonly #begun = new Set<Socket>()
  #isStartDue = false

  constructor(options: TlsHandshakesOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#max = options.handshakesMax ?? networkLimits.tlsHandshakesMax
    this.#server = options.credentials.createServer()
    this.#server.on('secureConnection', (socket) => this.#onDone(socket as WrappingSocket))
    this.#server.on('tlsClientError', (error, socket) => {
      this.#onFailed(error, socket as WrappingSocket)
    })
  }

  /**
   * Begins the handshake of an accepted socket that nothing was read of, when its turn has come. Where
   * there are too many, the one ends that has waited longest for its client: silent connections do
   * not keep others out.
   */
  readonly accept = (socket: Socket): void => {
    if (this.#handshakes.size >= this.#max && !this.#endOldest()) {
      socket.destroy()
      this.#options.onRefused(`more than ${this.#max} TLS handshakes at a time`)
      return
    }
    const remoteAddress = socket.remoteAddress ?? ''
    const deadline = this.#clock.after(amqpLimits.handshakeMsMax, () => socket.destroy(late))
    this.#handshakes.set(socket, { remoteAddress, deadline })
    socket.on('error', (error) => {
      if (this.#begun.has(socket) || !this.#handshakes.has(socket)) return
      this.#options.onFailed({ remoteAddress, ...describeFailure(error, waiting) })
    })
    socket.once('close', () => {
      if (!this.#begun.has(socket)) this.#forget(socket)
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
    this.#begun.clear()
  }

  #endOldest(): boolean {
    const [oldest] = this.#begun
    if (oldest === undefined) return false
    this.#forget(oldest)
    oldest.destroy()
    this.#options.onRefused(`a silent TLS handshake ended for a new one: ${this.#max} at a time`)
    return true
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
    if (!this.#handshakes.has(socket)) return
    this.#begun.add(socket)
    this.#server.emit('connection', socket)
  }

  #onDone(socket: WrappingSocket): void {
    this.#forget(socket._parent)
    carryEnds(socket._parent, socket)
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
    this.#begun.delete(socket)
    return handshake
  }
}
