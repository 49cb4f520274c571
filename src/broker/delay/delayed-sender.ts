// Sends delayed messages that are due on to where their exchange leads by then.
import { decodeAddress } from '../../record/message/address.ts'
import { readHeaders } from '../../record/message/content-header.ts'
import { withoutDue } from '../../record/message/delays.ts'
import { fillFromView, setHeader } from '../../record/message/fill-source.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Destination } from '../destination.ts'
import { PublishedMessage } from '../exchange/published-message.ts'
import { carbonKeysOf } from '../exchange/routing-keys.ts'
import { hasCarbonCopies } from '../publish/carbon-copies.ts'
import { prepareFor } from '../publish/message-router.ts'
import { Publisher, type PublisherContext } from '../publish/publisher.ts'
import { isRouted, routeTo } from '../route-cache.ts'
import type { VHost } from '../vhost.ts'

export class DelayedSender {
  readonly #publisher: Publisher
  readonly #source = new RecordSource()

  constructor(context: PublisherContext) {
    this.#publisher = new Publisher(context)
  }

  /** Appends the message to the queues that the exchange leads to, which may be none. Within an atom. */
  send(vhost: VHost<Destination>, exchangeName: string, record: RecordView): void {
    const exchange = vhost.getExchange(exchangeName)
    const source = this.#fill(record)
    const { routingKey } = decodeAddress(record.buffer, record.addressStart)
    const hasCopies = hasCarbonCopies(source)
    const { header } = source
    const routingKeys = [routingKey]
    if (hasCopies) routingKeys.push(...carbonKeysOf(readHeaders(header, 0, header.length)))
    const result = vhost.routeFrom(exchange, new PublishedMessage(routingKeys, source))
    const route = { ...routeTo(result, exchange.counters), hasCopies }
    prepareFor(route, source)
    this.#publisher.sendOnWithinAtom(route, source, { kind: 'delay_over', vhost: vhost.name })
    if (!isRouted(route)) exchange.counters.dropped++
  }

  #fill(record: RecordView): RecordSource {
    const source = this.#source
    const { buffer, headerStart: start, headerEnd: end } = record
    fillFromView(source, record)
    setHeader(source, withoutDue({ buffer, start, end }))
    return source
  }
}
