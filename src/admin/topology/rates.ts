// What goes in and out of exchanges, queues and topics each second.
import type { Destination } from '../../broker/destination.ts'
import type { Exchange } from '../../broker/exchange/exchange.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'

export interface InAndOut {
  readonly in: number
  readonly out: number
}

const taken = ['delivered', 'deliveredNoAck', 'got', 'gotNoAck', 'fetched'] as const

/** Of an exchange what clients publish to it, and what goes from there to queues. */
export function exchangeRates(exchange: Exchange<Destination>, statistics: Statistics): InAndOut {
  const rates = statistics.ratesOf(exchange)
  return { in: rates.of('publishedIn'), out: rates.of('publishedOut') }
}

/** Of a queue or a topic what comes in, and what is delivered, got or fetched. */
export function queueRates(queue: Destination, statistics: Statistics): InAndOut {
  const rates = statistics.ratesOf(queue)
  return { in: rates.of('published'), out: taken.reduce((sum, name) => sum + rates.of(name), 0) }
}
