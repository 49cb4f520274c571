// Where a message goes, and what has to be done to it once that is known: CC and BCC headers name
// further routing keys, and BCC is taken out before anybody sees it.
import type { Rights } from '../../auth/rights.ts'
import { keyOfMessage } from '../../crossing/message-key.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { readPropertyFlags } from '../../record/message/content-header.ts'
import { PROPERTY_HEADERS } from '../../record/message/properties.gen.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Destination } from '../destination.ts'
import { PublishedMessage } from '../exchange/published-message.ts'
import { routingKeysOf } from '../exchange/routing-keys.ts'
import { accessRefused, permit, permitTopic } from '../permit.ts'
import { type Route, type RouteCache, routeTo } from '../route-cache.ts'
import type { VHost } from '../vhost.ts'
import { hasCarbonCopies, removeBlindCopies } from './carbon-copies.ts'

export class MessageRouter {
  readonly #vhost: VHost<Destination>
  readonly #routes: RouteCache

  constructor(vhost: VHost<Destination>, routes: RouteCache) {
    this.#vhost = vhost
    this.#routes = routes
  }

  get vhostName(): string {
    return this.#vhost.name
  }

  /** Throws `exchange_not_found`, `access_refused` for an exchange that nobody may publish to. */
  checkExchange({ address, addressStart }: RecordSource): void {
    this.#vhost.getPublishable(decodeAddress(address, addressStart).exchange)
  }

  /**
   * Throws `access_refused` for a message that may not be published: to its exchange, or with one of its
   * routing keys. RabbitMQ looks at the former before it looks for the exchange.
   */
  permit(source: RecordSource, rights: Rights): void {
    const { exchange } = decodeAddress(source.address, source.addressStart)
    permit(rights, 'write', { kind: 'exchange', name: exchange })
    if (rights.restrictsTopics(exchange)) this.#permitKeys(source, rights)
    if (rights.hasDenials) this.#permitQueues(source, rights)
  }

  #permitKeys(source: RecordSource, rights: Rights): void {
    const { exchange, routingKey } = decodeAddress(source.address, source.addressStart)
    this.#vhost.getPublishable(exchange)
    const { headers } = new PublishedMessage([], source)
    for (const key of routingKeysOf(routingKey, headers)) {
      permitTopic(rights, 'write', this.#vhost, { exchange, routingKey: key })
    }
  }

  /** What ACLs deny to write is not reached by an exchange either. */
  #permitQueues(source: RecordSource, rights: Rights): void {
    const { queues } = this.route(source)
    for (const { name } of queues) {
      if (rights.aclVerdict('write', 'topic', name) === 'deny') {
        throw accessRefused(rights, 'write', { kind: 'queue', name })
      }
    }
  }

  /**
   * The route of a message, its CC and BCC headers included. Throws `exchange_not_found`,
   * `access_refused`, and `precondition_failed` for a CC or BCC that is no array.
   */
  route(source: RecordSource): Route {
    const route = this.#routes.find(source)
    const flags = readPropertyFlags(source.header, source.headerStart)
    if ((flags & PROPERTY_HEADERS) === 0 || !hasCarbonCopies(source)) return route
    const { exchange, routingKey } = decodeAddress(source.address, source.addressStart)
    const { headers } = new PublishedMessage([], source)
    const routingKeys = routingKeysOf(routingKey, headers)
    const result = this.#vhost.route(exchange, new PublishedMessage(routingKeys, source))
    return { ...routeTo(result, route.exchange), hasCopies: true }
  }
}

/** Makes a message ready for the queues of its route. One that waits first needs all of its keys. */
export function prepareFor(route: Route, source: RecordSource): void {
  if (route.hasCopies && route.delays.length === 0) removeBlindCopies(source)
  if (route.needsKey) source.partitionKey = keyOfMessage(source)
}
