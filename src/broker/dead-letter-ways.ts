// Where the dead letters of queues go, and what their headers say of it. Messages of a queue die one after
// another and mostly came by the same address, so what was found for the last one is kept.
import { decodeAddress, encodeAddress } from '../record/message/address.ts'
import { findHeader, readPropertyFlags } from '../record/message/content-header.ts'
import {
  type DeathReason,
  type EncodedDeath,
  encodeDeath,
  type NamedQueue,
  nameQueue,
} from '../record/message/encode-death.ts'
import { nameOf } from '../record/message/name-bytes.ts'
import { PROPERTY_HEADERS } from '../record/message/properties.gen.ts'
import type { RecordSource } from '../record/message/record-source.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { fitShortstr } from '../record/message/wire-writer.ts'
import type { Destination } from './destination.ts'
import type { Exchange } from './exchange/exchange.ts'
import { PublishedMessage } from './exchange/published-message.ts'
import type { QueueSettings } from './queue/queue-settings.ts'
import { type Route, routeTo } from './route-cache.ts'
import type { VHost } from './vhost.ts'

/** The way of a dead message. */
export interface DeadLetterWay {
  readonly death: EncodedDeath
  /** The address of the dead letter, as it is stored. */
  readonly address: Buffer
  readonly keys: readonly string[]
  readonly exchange: Exchange<Destination>
  readonly vhost: VHost<Destination>
  /** Once it has been asked for, unless it is another one for every message. */
  targets: DeadLetterTargets | undefined
}

/** Where a dead letter goes. */
export interface DeadLetterTargets {
  readonly route: Route
  /** For each queue of the route all in which the message is then: those too that a topic is the source of. */
  readonly reached: readonly (readonly NamedQueue[])[]
}

/** A queue, or what is one to its dead letters. */
interface DyingQueue {
  readonly vhost: string
  readonly name: string
  readonly settings: Pick<QueueSettings, 'deadLetter'>
}

/** A way, and the messages that take it. */
interface KnownWay extends DeadLetterWay {
  readonly queue: DyingQueue
  readonly settings: DyingQueue['settings']
  /** Of the virtual host. */
  readonly version: number
  /** The address of the message before it died. */
  readonly former: Buffer
}

export class DeadLetterWays {
  readonly #getVHost: (name: string) => VHost<Destination>
  #last: KnownWay | undefined

  constructor(getVHost: (name: string) => VHost<Destination>) {
    this.#getVHost = getVHost
  }

  /** Undefined when there is no dead-letter exchange. */
  find(queue: DyingQueue, record: RecordView, reason: DeathReason): DeadLetterWay | undefined {
    const last = this.#last
    const copies = copiesOf(record)
    if (last !== undefined && copies.length === 0 && leads(last, queue, record, reason)) return last
    const { settings } = queue
    const { deadLetter } = settings
    const vhost = this.#getVHost(queue.vhost)
    const exchange = deadLetter && vhost.findExchange(deadLetter.exchange)
    if (deadLetter === undefined || exchange === undefined) return undefined
    const { exchange: origin, routingKey } = decodeAddress(record.buffer, record.addressStart)
    const routingKeys = [routingKey, ...copies]
    const death = encodeDeath({ queue: queue.name, reason, exchange: origin, routingKeys })
    const keys = deadLetter.routingKey === undefined ? routingKeys : [deadLetter.routingKey]
    // A setting may be longer than a routing key: all of it decides the route, and what fits is delivered.
    const address = encodeAddress(exchange.name, fitShortstr(keys[0] ?? ''))
    const way = { death, address, keys, exchange, vhost, targets: undefined }
    if (copies.length > 0) return way
    const former = Buffer.from(record.buffer.subarray(record.addressStart, record.headerStart))
    this.#last = { ...way, queue, settings, version: vhost.version, former }
    return this.#last
  }
}

/** Where a dead letter goes by its way. */
export function targetsOf(way: DeadLetterWay, source: RecordSource): DeadLetterTargets {
  if (way.targets !== undefined) return way.targets
  const { vhost, exchange, keys } = way
  const result = vhost.routeFrom(exchange, new PublishedMessage(keys, source))
  const targets = {
    route: routeTo(result, exchange.counters),
    reached: result.queues.map((queue) => reachedBy(queue)),
  }
  if (!result.isPerMessage) way.targets = targets
  return targets
}

function reachedBy(queue: Destination): NamedQueue[] {
  const readers = queue.kind === 'topic' ? queue.subscriptions : []
  return [queue, ...readers].map(({ name }) => nameQueue(name))
}

/** Whether a message without CC that dies now goes this way. */
function leads(way: KnownWay, queue: DyingQueue, record: RecordView, reason: DeathReason): boolean {
  const { vhost, version, settings, former } = way
  if (way.queue !== queue || settings !== queue.settings || way.death.reason !== reason)
    return false
  const { buffer, addressStart, headerStart } = record
  const isSameAddress =
    former.length === headerStart - addressStart &&
    former.compare(buffer, addressStart, headerStart) === 0
  return isSameAddress && version === vhost.version
}

/** Routing keys in the CC header. */
function copiesOf({ buffer, headerStart, headerEnd }: RecordView): string[] {
  if ((readPropertyFlags(buffer, headerStart) & PROPERTY_HEADERS) === 0) return []
  const copies = findHeader(buffer, headerStart, headerEnd, 'CC')
  if (copies?.type !== 'array') return []
  return copies.value.flatMap((item) => nameOf(item) ?? [])
}
