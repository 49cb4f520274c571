// Where messages with a given address go. Resolved once per address and topology version: a publish
// to the address used last costs one comparison of bytes.
import { limits } from '../limits.ts'
import { type Address, decodeAddress } from './address.ts'
import type { Arguments } from './arguments.ts'
import type { Destination } from './destination.ts'
import { Topic } from './topic/topic.ts'
import type { VHost } from './vhost.ts'

/** A resolved address. */
export interface Route {
  readonly queues: readonly Destination[]
  /** Some of the queues outlive the process: the message goes into a commit group. */
  readonly durableCount: number
  /** Some are topics of several partitions: `RecordSource.partitionKey` has to be set. */
  readonly needsKey: boolean
}

interface CachedRoute extends Route {
  readonly address: Address
  /** The headers decide too: resolve again for every message. */
  readonly dependsOnHeaders: boolean
}

const noHeaders = (): Arguments | undefined => undefined

export class RouteCache {
  readonly #vhost: VHost<Destination>
  readonly #routes = new Map<string, CachedRoute>()
  #version = -1
  #lastAddress: Buffer = Buffer.alloc(0)
  #lastRoute: CachedRoute | undefined

  constructor(vhost: VHost<Destination>) {
    this.#vhost = vhost
  }

  /**
   * The route for `address[start, end)`. `headers` decodes the message's headers and is called only
   * when an exchange looks at them. Throws `exchange_not_found`, `access_refused`.
   */
  find(address: Buffer, start: number, end: number, headers: () => Arguments | undefined): Route {
    if (this.#version !== this.#vhost.version) this.#forget()
    const last = this.#lastRoute
    if (last !== undefined && isSame(this.#lastAddress, address, start, end)) {
      return last.dependsOnHeaders ? this.#resolve(last.address, headers) : last
    }
    return this.#findByText(address, start, end, headers)
  }

  #findByText(
    address: Buffer,
    start: number,
    end: number,
    headers: () => Arguments | undefined,
  ): Route {
    const key = address.toString('latin1', start, end)
    let route = this.#routes.get(key)
    if (route === undefined) {
      route = this.#resolve(decodeAddress(address, start), headers)
      if (this.#routes.size >= limits.routesPerChannelMax) this.#routes.clear()
      this.#routes.set(key, route)
    } else if (route.dependsOnHeaders) {
      route = this.#resolve(route.address, headers)
    }
    this.#lastAddress = Buffer.from(address.subarray(start, end))
    this.#lastRoute = route
    return route
  }

  #resolve(address: Address, headers: () => Arguments | undefined): CachedRoute {
    const { exchange, routingKey } = address
    const found = this.#vhost.route(exchange, [routingKey], headers ?? noHeaders)
    return { ...routeTo(found.queues), address, dependsOnHeaders: found.dependsOnHeaders }
  }

  #forget(): void {
    this.#routes.clear()
    this.#lastRoute = undefined
    this.#version = this.#vhost.version
  }
}

/** The route that leads to `queues`. */
export function routeTo(queues: readonly Destination[]): Route {
  let durableCount = 0
  let needsKey = false
  for (const queue of queues) {
    if (!queue.isVolatile) durableCount++
    if (queue instanceof Topic && queue.partitions.length > 1) needsKey = true
  }
  return { queues, durableCount, needsKey }
}

function isSame(known: Buffer, address: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== address[start + index]) return false
  }
  return true
}
