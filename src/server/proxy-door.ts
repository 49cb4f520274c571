// Before clients that a proxy passes on (HAProxy's PROXY protocol): the header is read, which says who they are, and what
// comes after it is put back. Whoever sends none is no client of the proxy, and is not let in.
import type { Socket } from 'node:net'
import { ProxyHeaderError, readProxyHeader } from '../codec/proxy/proxy-header.ts'
import { type Clock, systemClock, type Timer } from '../lib/clock.ts'
import { networkLimits } from '../limits/network.ts'
import { tellEnds } from './proxied-ends.ts'

export interface ProxyDoorOptions {
  /** Takes over a socket of which nothing but its header has been read. */
  readonly onSocket: (socket: Socket) => void
  /** A connection was refused. */
  readonly onRefused: (reason: string) => void
  readonly clock?: Clock
}

const empty = Buffer.alloc(0)

export class ProxyDoor {
  readonly #options: ProxyDoorOptions
  readonly #clock: Clock
  /** Oldest first. */
  readonly #arrivals = new Map<Socket, Arrival>()

  constructor(options: ProxyDoorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** Reads the header of an accepted socket that nothing was read of. */
  readonly accept = (socket: Socket): void => {
    if (this.#arrivals.size >= networkLimits.proxiedArrivalsMax) {
      const [oldest] = this.#arrivals.keys()
      if (oldest !== undefined) this.#refuse(oldest, 'there are too many others')
    }
    const deadline = this.#clock.after(networkLimits.proxyHeaderMsMax, () => {
      this.#refuse(socket, `none came within ${networkLimits.proxyHeaderMsMax / 1000} s`)
    })
    const arrival: Arrival = {
      deadline,
      bytes: empty,
      onReadable: () => this.#read(socket, arrival),
      // A health check of the proxy ends like that: nobody has to know.
      onEnd: () => this.#end(socket),
    }
    this.#arrivals.set(socket, arrival)
    socket.on('readable', arrival.onReadable)
    for (const event of endings) socket.on(event, arrival.onEnd)
  }

  /** Ends those whose header is not complete. */
  close(): void {
    for (const socket of this.#arrivals.keys()) this.#end(socket)
  }

  #read(socket: Socket, arrival: Arrival): void {
    const more = socket.read() as Buffer | null
    if (more === null) return
    arrival.bytes = arrival.bytes.length === 0 ? more : Buffer.concat([arrival.bytes, more])
    try {
      const header = readProxyHeader(arrival.bytes)
      if (header === undefined) return
      this.#forget(socket)
      socket.on('error', ignore)
      tellEnds(socket, header.ends)
      const rest = arrival.bytes.subarray(header.size)
      if (rest.length > 0) socket.unshift(rest)
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error
      this.#refuse(socket, error.message)
      return
    }
    // Only then the stream knows that nobody waits for `readable` any more.
    this.#clock.atEndOfTurn(() => {
      socket.removeListener('error', ignore)
      if (!socket.destroyed) this.#options.onSocket(socket)
    })
  }

  #refuse(socket: Socket, reason: string): void {
    const { remoteAddress } = socket
    this.#end(socket)
    this.#options.onRefused(`${remoteAddress} sent no header of the PROXY protocol: ${reason}`)
  }

  #end(socket: Socket): void {
    this.#forget(socket)
    socket.on('error', ignore)
    socket.destroy()
  }

  #forget(socket: Socket): void {
    const arrival = this.#arrivals.get(socket)
    if (arrival === undefined) return
    this.#arrivals.delete(socket)
    arrival.deadline.stop()
    socket.removeListener('readable', arrival.onReadable)
    for (const event of endings) socket.removeListener(event, arrival.onEnd)
  }
}

interface Arrival {
  readonly deadline: Timer
  /** What has come of the header, and maybe more. */
  bytes: Buffer
  readonly onReadable: () => void
  readonly onEnd: () => void
}

const endings = ['error', 'end', 'close'] as const

function ignore(): void {}
