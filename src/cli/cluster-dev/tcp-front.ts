// One address for clients, whichever node serves: connections are led there byte for byte. While nobody serves, new
// ones wait. A load balancer does the same in front of a real cluster.
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Clock, Timer } from '../../lib/clock.ts'
import { listenOnSamePort } from '../../lib/listen-on-same-port.ts'
import { type Address, listen } from '../../lib/listen.ts'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'
import { networkLimits } from '../../limits/network.ts'

export interface TcpFrontOptions {
  readonly clock: Clock
  /** The service as its setting names it. */
  readonly service: string
  /** 0 for any free one. */
  readonly port: number
}

export class TcpFront {
  readonly #clock: Clock
  readonly #servers: Server[] = []
  /** Connections to where they lead. */
  readonly #led = new Map<Socket, number>()
  readonly #waiting = new Map<Socket, Timer>()
  #target: number | undefined
  #port = 0

  private constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Listens on both loopbacks. Rejects with an `ExitError`. */
  static async open({ clock, service, port }: TcpFrontOptions): Promise<TcpFront> {
    const front = new TcpFront(clock)
    const bound = await listenOnSamePort({
      hosts: ['127.0.0.1', '::1'],
      port,
      listen: (host, port) => front.#listen(service, { host, port }),
      onMissing: () => undefined,
    })
    front.#port = bound[0]?.address.port ?? 0
    return front
  }

  get port(): number {
    return this.#port
  }

  /** All connections go to this port of loopback from now on; with undefined they wait. */
  lead(target: number | undefined): void {
    if (target === this.#target) return
    this.#target = target
    for (const client of this.#led.keys()) client.destroy()
    if (target === undefined) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [client, timer] of waiting) {
      timer.stop()
      this.#connect(client, target)
    }
  }

  close(): void {
    for (const server of this.#servers) server.close()
    for (const client of [...this.#led.keys(), ...this.#waiting.keys()]) client.destroy()
  }

  async #listen(
    service: string,
    at: Address,
  ): Promise<{ readonly address: Address; close(): void }> {
    const half = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true }
    const server = createServer(half, (client) => this.#accept(client))
    const address = await listen(server, { ...at, service, backlog: networkLimits.listenBacklog })
    server.on('error', () => undefined)
    this.#servers.push(server)
    return { address, close: () => void server.close() }
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined)
    client.once('close', () => {
      this.#waiting.get(client)?.stop()
      this.#waiting.delete(client)
      this.#led.delete(client)
    })
    if (this.#target === undefined) this.#hold(client)
    else this.#connect(client, this.#target)
  }

  #hold(client: Socket): void {
    if (this.#waiting.size >= clusterDevLimits.waitingMax) client.destroy()
    else {
      const giveUp = (): void => void client.destroy()
      this.#waiting.set(client, this.#clock.after(clusterDevLimits.waitingMsMax, giveUp))
    }
  }

  #connect(client: Socket, target: number): void {
    if (client.destroyed) return
    this.#led.set(client, target)
    const node = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    let isOpen = false
    node.once('connect', () => {
      isOpen = true
      client.pipe(node)
      node.pipe(client)
    })
    node.on('error', () => undefined)
    node.once('close', (hadError) => {
      // What the node sent last still goes out. Of one that has just ended, the end is not known yet.
      if (isOpen && !hadError) client.destroySoon()
      else if (isOpen || client.destroyed) client.destroy()
      else this.#retry(client)
    })
    client.once('close', () => node.destroy())
  }

  #retry(client: Socket): void {
    const isElsewhere = this.#target !== this.#led.get(client)
    this.#led.delete(client)
    if (isElsewhere && this.#target !== undefined) this.#connect(client, this.#target)
    else this.#hold(client)
  }
}
