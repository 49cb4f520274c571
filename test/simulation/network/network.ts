// The network between clients and broker: who listens, who is connected, and what goes wrong in between.
// A connection may be reset, may vanish (neither side hears anything any more), and its client may be
// deaf for a while. A broker that is killed resets its connections: what the system had already taken
// of its answers may still arrive.
import type { Socket } from 'node:net'
import type { Random } from '../../../src/lib/random.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { Link, type LinkOptions } from './link.ts'

export type ServiceName = 'amqp' | 'kafka'

export interface NetworkOptions extends Omit<LinkOptions, 'clock' | 'random'> {
  readonly clock: VirtualClock
  readonly random: Random
}

type Accept = (socket: Socket) => void

export class Network {
  readonly #options: NetworkOptions
  readonly #listeners = new Map<ServiceName, Accept>()
  readonly #links = new Set<Link>()
  #lastId = 0

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Connections that either side takes for open. */
  get links(): readonly Link[] {
    return [...this.#links]
  }

  /** No connection is open on either side: the broker has let go of all that was bound to them. */
  get isQuiet(): boolean {
    return this.#links.size === 0
  }

  listen(service: ServiceName, accept: Accept): () => void {
    this.#listeners.set(service, accept)
    return () => {
      if (this.#listeners.get(service) === accept) this.#listeners.delete(service)
    }
  }

  /** Undefined when nobody listens. */
  connect(service: ServiceName): Link | undefined {
    const accept = this.#listeners.get(service)
    if (accept === undefined) return undefined
    const link = new Link(`${service}-${++this.#lastId}`, this.#options)
    this.#links.add(link)
    link.onGone = () => this.#links.delete(link)
    accept(link.socket.asSocket())
    return link
  }

  /** The process behind all listeners is gone. */
  onBrokerKilled(): void {
    this.#listeners.clear()
    for (const link of this.links) link.onBrokerKilled()
  }
}
