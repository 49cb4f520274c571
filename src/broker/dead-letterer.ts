// Sends dead messages of queues on: with one more death in its headers, through the dead-letter exchange,
// to wherever that leads, in the atom that takes them out of their queue.
import type { Clock } from '../lib/clock.ts'
import type { LogStore } from '../log/log-store.ts'
import { decodeAddress, encodeAddress } from '../record/message/address.ts'
import { findHeader } from '../record/message/content-header.ts'
import { type DeathReason, isDeathCycle, withDeath } from '../record/message/deaths.ts'
import { RecordSource } from '../record/message/record-source.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { fitShortstr } from '../record/message/wire-writer.ts'
import type { Destination } from './destination.ts'
import { PublishedMessage } from './exchange/published-message.ts'
import { prepareFor } from './publish/message-router.ts'
import { Publisher } from './publish/publisher.ts'
import type { Queue } from './queue/queue.ts'
import { routeTo } from './route-cache.ts'
import type { VHost } from './vhost.ts'

export interface DeadLettererOptions {
  readonly store: LogStore
  readonly clock: Clock
  readonly getVHost: (name: string) => VHost<Destination>
}

export class DeadLetterer {
  readonly #options: DeadLettererOptions
  readonly #publisher: Publisher
  readonly #source = new RecordSource()

  constructor(options: DeadLettererOptions) {
    this.#options = options
    this.#publisher = new Publisher(options.store)
  }

  /** Appends the message to the queues that it is dead-lettered to, which may be none. Within an atom. */
  publish(queue: Queue, record: RecordView, reason: DeathReason): void {
    const { deadLetter } = queue.settings
    const vhost = this.#options.getVHost(queue.vhost)
    const exchange = deadLetter && vhost.findExchange(deadLetter.exchange)
    // As in RabbitMQ: without the exchange the message is gone.
    if (deadLetter === undefined || exchange === undefined) return
    const { exchange: origin, routingKey } = decodeAddress(record.buffer, record.addressStart)
    const routingKeys = [routingKey, ...copiesOf(record)]
    const time = Math.floor(this.#options.clock.now() / 1000)
    const death = { queue: queue.name, reason, exchange: origin, routingKeys, time }
    const { buffer, headerStart: start, headerEnd: end } = record
    const header = withDeath({ buffer, start, end }, death, record.hasDeaths)
    const keys = deadLetter.routingKey === undefined ? routingKeys : [deadLetter.routingKey]
    const source = this.#fill(record, header)
    // A setting may be longer than a routing key: all of it decides the route, and what fits is delivered.
    source.address = encodeAddress(exchange.name, fitShortstr(keys[0] ?? ''))
    source.addressEnd = source.address.length
    const message = new PublishedMessage(keys, source)
    const { queues, delays, histories } = vhost.routeFrom(exchange, message)
    const targets =
      reason === 'rejected'
        ? queues
        : queues.filter(({ name }) => !isDeathCycle(message.headers, name))
    const isTaken = targets.length > 0 || delays.length > 0 || histories !== undefined
    if (!isTaken) return
    const route = routeTo({ queues: targets, delays, histories }, exchange.counters)
    prepareFor(route, source)
    this.#publisher.publishWithinAtom(route, source)
  }

  #fill(record: RecordView, header: Buffer): RecordSource {
    const source = this.#source
    source.header = header
    source.headerEnd = header.length
    source.body = record.body
    source.bodyStart = record.bodyStart
    source.bodyEnd = record.bodyEnd
    source.asideId = record.asideId
    source.hasDeaths = true
    return source
  }
}

/** Routing keys in the CC header. */
function copiesOf({ buffer, headerStart, headerEnd }: RecordView): string[] {
  const copies = findHeader(buffer, headerStart, headerEnd, 'CC')
  if (copies?.type !== 'array') return []
  return copies.value.flatMap((item) => (typeof item.value === 'string' ? [item.value] : []))
}
