// Where messages with a given address go, for all publishers of a virtual host. Resolved once per
// address and topology version: a publish to the address used last costs one comparison of bytes,
// to any other that is known a hash of them besides; neither allocates.
import { brokerLimits } from '../limits/broker.ts'
import { type Address, decodeAddress } from '../record/message/address.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { ExchangeCounters } from './counters/exchange-counters.ts'
import type { Destination } from './destination.ts'
import type { MessageDelay } from './exchange/message-delay.ts'
import type { MessageHistory } from './exchange/message-history.ts'
import type { IdNote } from './exchange/message-ids.ts'
import { PublishedMessage } from './exchange/published-message.ts'
import { noDelays, type RouteResult } from './exchange/route.ts'
import type { TopicSubscriber } from './exchange/topic-subscriber.ts'
import type { PublishLimit } from './rate/publish-limit.ts'
import type { VHost } from './vhost.ts'

const pointerSize = 8

/** A resolved address. */
export interface Route {
  readonly queues: readonly Destination[]
  /** Where it waits first, besides. */
  readonly delays: readonly MessageDelay[]
  /** How many of both outlive the process: with any, the message goes into a commit. */
  readonly durableCount: number
  /** Of the exchange that the message was published to. */
  readonly exchange: ExchangeCounters
  /** Some are topics of several partitions: `RecordSource.partitionKey` has to be set. */
  readonly needsKey: boolean
  /** Some refuse messages when they are full. */
  readonly mayRefuse: boolean
  /** Of queues that may not be published into at any speed; undefined for none. */
  readonly limits: readonly PublishLimit[] | undefined
  /** Who remembers the message; undefined for nobody. */
  readonly histories: readonly MessageHistory[] | undefined
  /** What exchanges that deduplicate have to note, or know already; undefined for nothing. */
  readonly idNotes: readonly IdNote[] | undefined
  /** Who gets it past all queues; undefined for nobody. */
  readonly subscribers: readonly TopicSubscriber[] | undefined
  /** CC or BCC headers had a part in it: BCC has to be taken out. */
  readonly hasCopies: boolean
}

/** A route and the bytes it is found by. */
interface CachedRoute extends Route {
  readonly bytes: Buffer
  readonly address: Address
  /** Address alone does not decide: resolve again for every message. */
  readonly isPerMessage: boolean
}

export class RouteCache {
  readonly #vhost: VHost<Destination>
  /** By the hash of the address: of two addresses with the same one, the later stays. */
  readonly #routes = new Map<number, CachedRoute>()
  #size = 0
  #version = -1
  #last: CachedRoute | undefined

  constructor(vhost: VHost<Destination>) {
    this.#vhost = vhost
  }

  /**
   * The route of a message; its headers are decoded only when an exchange looks at them. Throws
   * `exchange_not_found`, `access_refused`.
   */
  find(source: RecordSource): Route {
    const { address, addressStart: start, addressEnd: end } = source
    if (source.topic !== undefined) return this.#findByTopic(source)
    if (this.#version !== this.#vhost.version) this.#forget()
    let known = this.#last
    if (known === undefined || !isSame(known.bytes, address, start, end)) {
      known = this.#routes.get(hashOf(address, start, end))
      if (known === undefined || !isSame(known.bytes, address, start, end)) {
        return this.#add(Buffer.from(address.subarray(start, end)), source)
      }
      this.#last = known
    }
    if (!known.isPerMessage) return known
    return routeTo(this.#ask(known.address, source), known.exchange)
  }

  /** Other topics have the same address. */
  #findByTopic(source: RecordSource): Route {
    const address = decodeAddress(source.address, source.addressStart)
    const { counters } = this.#vhost.getExchange(address.exchange)
    return routeTo(this.#ask(address, source), counters)
  }

  #add(bytes: Buffer, source: RecordSource): Route {
    const address = decodeAddress(bytes, 0)
    const result = this.#ask(address, source)
    const { queues, subscribers, isPerMessage } = result
    const { counters } = this.#vhost.getExchange(address.exchange)
    const route: CachedRoute = { ...routeTo(result, counters), bytes, address, isPerMessage }
    const targetCount = queues.length + (subscribers?.size ?? 0)
    this.#size += brokerLimits.routeSize + targetCount * pointerSize
    if (this.#size > brokerLimits.routesSizeMax) this.#forget()
    this.#routes.set(hashOf(bytes, 0, bytes.length), route)
    this.#last = route
    return route
  }

  #ask({ exchange, routingKey }: Address, source: RecordSource): RouteResult<Destination> {
    return this.#vhost.route(exchange, new PublishedMessage([routingKey], source))
  }

  #forget(): void {
    this.#routes.clear()
    this.#size = 0
    this.#last = undefined
    this.#version = this.#vhost.version
  }
}

/** Where a message goes. */
type Targets = Pick<RouteResult<Destination>, 'queues'> &
  Partial<Pick<RouteResult<Destination>, 'delays' | 'histories' | 'idNotes'>> & {
    readonly subscribers?: Iterable<TopicSubscriber> | undefined
  }

/** The route that leads there, for messages to the exchange with these counters. */
export function routeTo(
  { queues, delays = noDelays, histories, idNotes, subscribers: direct }: Targets,
  exchange: ExchangeCounters,
): Route {
  let durableCount = 0
  let needsKey = false
  let mayRefuse = false
  let limits: PublishLimit[] | undefined
  for (const queue of queues) {
    if (!queue.isVolatile) durableCount++
    if (queue.needsKey) needsKey = true
    if (queue.mayRefuse) mayRefuse = true
    if (queue.publishLimit !== undefined) (limits ??= []).push(queue.publishLimit)
  }
  for (const delay of delays) if (!delay.isVolatile) durableCount++
  const subscribers = direct && [...direct]
  const found = { queues, delays, histories, idNotes, subscribers, limits }
  return { ...found, durableCount, exchange, needsKey, mayRefuse, hasCopies: false }
}

/** Whether a message has anywhere to go. */
export function isRouted({ queues, delays, subscribers }: Route): boolean {
  return queues.length > 0 || delays.length > 0 || subscribers !== undefined
}

function isSame(known: Buffer, address: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== address[start + index]) return false
  }
  return true
}

/** FNV-1a, as a number that a Map takes without a box. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let index = start; index < end; index++) {
    hash = Math.imul(hash ^ bytes[index]!, 0x01000193)
  }
  return hash | 0
}
