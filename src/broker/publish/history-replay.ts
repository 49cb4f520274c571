// Gives a new binding of an x-recent-history exchange what the exchange remembers, oldest first.
import { decodeAddress } from '../../record/message/address.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { ExchangeCounters } from '../counters/exchange-counters.ts'
import type { Destination } from '../destination.ts'
import type { Target } from '../exchange/binding.ts'
import type { MessageHistory } from '../exchange/message-history.ts'
import { PublishedMessage } from '../exchange/published-message.ts'
import { routingKeysOf } from '../exchange/routing-keys.ts'
import { type Route, routeTo } from '../route-cache.ts'
import type { VHost } from '../vhost.ts'
import { prepareFor } from './message-router.ts'
import { Publisher, type PublisherContext } from './publisher.ts'

export class HistoryReplay {
  readonly #publisher: Publisher
  /** Nobody published these: no exchange counts them again. */
  readonly #counters = new ExchangeCounters()

  constructor(context: PublisherContext) {
    this.#publisher = new Publisher(context)
  }

  /** Not within an atom: each message is one of its own. Queues that are full refuse as usual. */
  publish(vhost: VHost<Destination>, history: MessageHistory, target: Target<Destination>): void {
    for (const message of history.messages()) {
      const route = this.#routeOf(vhost, target, message)
      prepareFor(route, message)
      this.#publisher.publish(route, message, { kind: 'history', vhost: vhost.name })
    }
  }

  #routeOf(vhost: VHost<Destination>, target: Target<Destination>, message: RecordSource): Route {
    if (target.kind === 'queue') {
      return routeTo({ queues: [target.queue] }, this.#counters)
    }
    const { routingKey } = decodeAddress(message.address, message.addressStart)
    const { headers } = new PublishedMessage([], message)
    const routed = new PublishedMessage(routingKeysOf(routingKey, headers), message)
    return routeTo(vhost.routeFrom(target.exchange, routed), this.#counters)
  }
}
